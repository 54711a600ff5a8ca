-- R3. Deals whose company is gone.
select 'deals' as entity, d.id
  from public.deals d
 where d.company_id is not null
   and not exists (select from public.companies c where c.id = d.company_id)
