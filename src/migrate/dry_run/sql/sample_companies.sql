-- A sample of the work of companies: at most 10,000 rows.
select to_tsvector('pg_catalog.simple', left(coalesce(x.name, ''), 20000)),
       to_tsvector('pg_catalog.english', left(concat_ws(' ', x.name, x.sector, x.website, x.city, x.address, x.description), 200000))
  from (select * from public.companies order by id limit 10000) x
