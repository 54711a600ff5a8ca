-- Q4. Deals that close before 1900, never, or more than 100 years off.
select 'deals' as entity, d.id
  from public.deals d
 where d.expected_closing_date is not null
   and (not isfinite(d.expected_closing_date)
        or d.expected_closing_date < date '1900-01-01'
        or d.expected_closing_date > now() + interval '100 years')
