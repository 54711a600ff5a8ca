-- Bytes of the tables to copy ($1), and of everything that the dump holds.
select (select coalesce(sum(pg_total_relation_size(to_regclass(t.name))), 0)::bigint from unnest($1::text[]) t (name)),
       (select coalesce(sum(pg_table_size(c.oid)), 0)::bigint
          from pg_catalog.pg_class c
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'm') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'crm_backup'))
