-- F5. Companies without contacts.
select 'companies' as entity, c.id
  from public.companies c
 where not exists (select from public.contacts p where p.company_id = c.id)
