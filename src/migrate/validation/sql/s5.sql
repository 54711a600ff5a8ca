-- S5. What makes this a bad moment: broken indexes, constraints that were never checked, replicas that lag,
-- transactions that have run for a minute, prepared ones that hold locks.
select format('invalid index %s', i.indexrelid::regclass) as item
  from pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indrelid
 where not i.indisvalid and c.relnamespace = 'public'::regnamespace
 union all
select format('constraint %I of %s is NOT VALID', k.conname, k.conrelid::regclass)
  from pg_catalog.pg_constraint k
 where not k.convalidated and k.connamespace = 'public'::regnamespace and k.contype in ('f', 'c')
 union all
select format('replica %s lags by %s s', coalesce(nullif(r.application_name, ''), r.pid::text), extract(epoch from r.replay_lag)::bigint)
  from pg_catalog.pg_stat_replication r
 where r.replay_lag > interval '60 seconds'
 union all
select format('session %s has been in a transaction for %s s', a.pid, extract(epoch from clock_timestamp() - a.xact_start)::bigint)
  from pg_catalog.pg_stat_activity a
 where a.datname = current_database() and a.pid <> pg_backend_pid() and a.backend_type = 'client backend'
   and a.xact_start < clock_timestamp() - interval '60 seconds'
 union all
select format('prepared transaction %s', x.gid)
  from pg_catalog.pg_prepared_xacts x
 where x.database = current_database()
 order by 1
