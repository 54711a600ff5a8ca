-- Relations of schema public: `table` or `view`, and the name with its schema.
select case when c.relkind in ('v', 'm') then 'view' else 'table' end, n.nspname || '.' || quote_ident(c.relname)
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where n.nspname = 'public' and c.relkind in ('r', 'v', 'm', 'p', 'f')
