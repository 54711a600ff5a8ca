-- F1. Companies and deals without a name, which the tables forbid.
select 'companies' as entity, c.id from public.companies c where c.name is null
 union all
select 'deals', d.id from public.deals d where d.name is null
