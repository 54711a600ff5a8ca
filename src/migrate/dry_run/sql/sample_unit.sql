-- A sample of the work of unit: at most 10,000 rows.
select sum(hashtextextended(x::text, 0))
  from (select * from public.deals order by id limit 10000) x
