-- Scratch databases whose comment begins with $1 and goes on with a moment more than an hour ago, and to which
-- nobody is connected.
select d.datname::text
  from pg_catalog.pg_database d,
       pg_catalog.shobj_description(d.oid, 'pg_database') comment
 where starts_with(comment, $1)
   and substr(comment, length($1) + 1)::timestamptz < now() - interval '1 hour'
   and not exists (select from pg_catalog.pg_stat_activity a where a.datid = d.oid)
 order by 1
