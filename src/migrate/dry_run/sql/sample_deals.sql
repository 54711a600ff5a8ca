-- A sample of the work of deals: at most 10,000 rows.
select regexp_replace(lower(btrim(x.stage)), '[ _/.]+', '-', 'g'), x.expected_closing_date::date, x.updated_at::date,
       to_tsvector('pg_catalog.simple', left(x.name, 20000)),
       to_tsvector('pg_catalog.english', left(concat_ws(' ', x.name, x.category, x.description), 180000))
  from (select * from public.deals order by id limit 10000) x
