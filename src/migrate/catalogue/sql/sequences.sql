-- Last value of every sequence of schema public and private, by PostgreSQL's number for it; null when unused.
select coalesce(jsonb_object_agg('class ' || s.seqrelid, case when has_sequence_privilege(s.seqrelid, 'select')
         then pg_sequence_last_value(s.seqrelid) end), '{}')
  from pg_catalog.pg_sequence s
  join pg_catalog.pg_class c on c.oid = s.seqrelid
 where c.relnamespace::regnamespace::text = any (array['public', 'private'])
