-- F1. Companies and deals with an empty name.
select 'companies' as entity, c.id from public.companies c where c.name !~ '\S'
 union all
select 'deals', d.id from public.deals d where d.name !~ '\S'
