-- R4. Deals without a company.
select 'deals' as entity, d.id from public.deals d where d.company_id is null
