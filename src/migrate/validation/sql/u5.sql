-- U5. Pairs that the new unique indexes would refuse. Each follows from a unique id, so there are none
-- unless a primary key is broken or missing.
select 'contacts' as entity, p.id
  from public.contacts p
 where p.company_id is not null
 group by p.id
having count(*) > 1
 union all
select 'deals', d.id
  from public.deals d
 group by d.id
having count(*) > 1
