-- U8. Companies with more than ten contacts.
select 'companies' as entity, p.company_id as id
  from public.contacts p
 where p.company_id is not null
 group by p.company_id
having count(*) > 10
