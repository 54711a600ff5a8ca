-- What a policy or a view may ask in a site's own schemas that are not captured: name, digest and owner of functions,
-- and of relations with who may read them, by key. Not those of Supabase and of this program.
with space as (
  select n.oid, n.nspacl from pg_catalog.pg_namespace n
   where n.nspname <> all ($1) and n.nspname !~ '^pg_'
     and n.nspname not in ('information_schema', 'auth', 'storage', 'realtime', 'vault', 'graphql', 'graphql_public', 'pgbouncer',
       'supabase_functions', 'supabase_migrations', 'cron', 'net', 'pgsodium', 'webhooks', 'migration', 'crm_backup')),
thing as (
  select 'proc ' || p.oid as key, p.oid::regprocedure::text as name, p.proowner as owner,
         concat_ws(' ', s.nspacl, p.prosecdef, p.proconfig, p.prosrc, p.prosqlbody::text, p.proacl) as facts
    from pg_catalog.pg_proc p join space s on s.oid = p.pronamespace
  union all
  select 'class ' || c.oid, c.oid::regclass::text, c.relowner,
         concat_ws(' ', s.nspacl, c.relrowsecurity, c.relforcerowsecurity, case when c.relkind = 'v' then c.reloptions end, c.relacl,
           (select string_agg(a.attname || a.attacl::text, ' ' order by a.attnum)
              from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attacl is not null),
           case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
           (select string_agg(concat_ws(' ', p.polname, p.polcmd, p.polpermissive,
                     (select string_agg(o::regrole::text, ',' order by o) from unnest(p.polroles) o),
                     pg_get_expr(p.polqual, p.polrelid)), E'\n' order by p.polname)
              from pg_catalog.pg_policy p where p.polrelid = c.oid))
    from pg_catalog.pg_class c join space s on s.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'v', 'm', 'f'))
select coalesce(jsonb_object_agg(t.key, jsonb_build_array(t.name, md5(t.facts), pg_get_userbyid(t.owner))), '{}') from thing t
