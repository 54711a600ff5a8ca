-- A sample of the work of contacts: at most 10,000 rows.
select to_tsvector('pg_catalog.simple', concat_ws(' ', x.first_name, x.last_name)),
       to_tsvector('pg_catalog.english', left(concat_ws(' ', x.first_name, x.last_name, x.title,
         jsonb_path_query_array(x.email_jsonb, '$[*].email')::text, x.background), 200000))
  from (select * from public.contacts order by id limit 10000) x
