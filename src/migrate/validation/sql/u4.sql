-- U4. Deals of one company with the same name.
select 'deals' as entity, d.id
  from public.deals d
 where (d.company_id, d.name) in (
         select o.company_id, o.name
           from public.deals o
          where o.company_id is not null and o.name <> ''
          group by o.company_id, o.name
         having count(*) > 1)
