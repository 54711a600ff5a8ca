-- Of the set: stamp (UTC), position in the log, the snapshot's name, the last value of each sequence, the
-- schemas to dump, the server's version.
select to_char(now() at time zone 'UTC', 'YYYYMMDD_HH24MISS'),
       pg_current_wal_lsn()::text,
       pg_export_snapshot(),
       (select coalesce(jsonb_object_agg(s.schemaname || '.' || s.sequencename, s.last_value), '{}')
          from pg_catalog.pg_sequences s
         where s.schemaname = 'public'),
       array(select n.nspname::text from pg_catalog.pg_namespace n where n.nspname in ('public', 'auth', 'storage') order by 1),
       current_setting('server_version')
