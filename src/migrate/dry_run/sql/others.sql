-- This database, how many others are connected to it, and a stamp for the copy's name.
select current_database()::text,
       (select count(*) from pg_catalog.pg_stat_activity a where a.datname = current_database() and a.pid <> pg_backend_pid()),
       to_char(now() at time zone 'UTC', 'YYYYMMDD_HH24MISS') || '_' || pg_backend_pid()
