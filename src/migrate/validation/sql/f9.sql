-- F9. Deals without an amount above zero.
select 'deals' as entity, d.id from public.deals d where d.amount is null or d.amount <= 0
