-- Relations of schema public that were there at the moment ($2) of the run ($1).
select n.nspname || '.' || quote_ident(c.relname)
  from migration.migration_catalogue s
  join pg_catalog.pg_class c on s.definition ->> 'key' = 'class ' || c.oid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where s.run_id = $1 and s.moment = $2 and n.nspname = 'public' and c.relkind in ('r', 'v', 'm', 'p')
