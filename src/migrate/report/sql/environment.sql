select now() as now, current_database()::text as database, current_user::text as role,
       current_setting('server_version') as server_version,
       pg_database_size(current_database()) as size_bytes,
       coalesce((select c.relkind = 'r' from pg_catalog.pg_class c
                  where c.oid = to_regclass('public.opportunities')), false) as is_migrated
