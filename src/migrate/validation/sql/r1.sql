-- R1. Contacts whose company is gone.
select 'contacts' as entity, p.id
  from public.contacts p
 where p.company_id is not null
   and not exists (select from public.companies c where c.id = p.company_id)
