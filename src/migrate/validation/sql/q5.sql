-- Q5. Deals whose amount is negative or above OPPORTUNITY_MAX_AMOUNT.
select 'deals' as entity, d.id
  from public.deals d
 where d.amount < 0 or d.amount > current_setting('migration.max_amount')::bigint
