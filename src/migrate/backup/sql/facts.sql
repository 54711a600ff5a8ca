-- Of the set: stamp (UTC), position in the log, the snapshot's name, the last value of each sequence, the
-- schemas that the dump leaves out, the server's version. Left out are the copies, and what the role may not
-- read: a hosted database has schemas of its host (never the CRM's own: those must be readable).
select to_char(now() at time zone 'UTC', 'YYYYMMDD_HH24MISS'),
       pg_current_wal_lsn()::text,
       pg_export_snapshot(),
       (select coalesce(jsonb_object_agg(s.schemaname || '.' || s.sequencename, s.last_value), '{}')
          from pg_catalog.pg_sequences s
         where s.schemaname = 'public'),
       array(select n.nspname::text
               from pg_catalog.pg_namespace n
              where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'public', 'auth', 'storage')
                and (n.nspname = 'crm_backup'
                     or not has_schema_privilege(n.oid, 'usage')
                     or exists (select from pg_catalog.pg_class c
                                 where c.relnamespace = n.oid and c.relkind in ('r', 'p', 'S', 'm')
                                   and not has_table_privilege(c.oid, 'select')))
              order by 1),
       current_setting('server_version')
