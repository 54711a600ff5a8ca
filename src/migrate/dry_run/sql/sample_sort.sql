-- A sample of the work of sort: at most 10,000 rows.
select x.stage, x.index, x.id
  from (select * from public.deals order by id limit 10000) x
 order by x.stage, x.index, x.id
