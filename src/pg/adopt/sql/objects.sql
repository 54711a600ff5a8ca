-- Roles belong to the whole cluster: only the platform's count.
with platform (name) as (values
  ('anon'), ('authenticated'), ('service_role'), ('authenticator'), ('supabase_auth_admin'), ('supabase_storage_admin'))
select 'role ' || r.rolname from pg_catalog.pg_roles r where r.rolname in (select p.name from platform p)
union all
select 'membership of ' || m.member::regrole::text || ' in ' || m.roleid::regrole::text
  from pg_catalog.pg_auth_members m
 where m.member::regrole::text in (select p.name from platform p)
union all
select 'extension ' || e.extname from pg_catalog.pg_extension e
union all
select 'schema ' || n.nspname from pg_catalog.pg_namespace n where n.nspname !~ '^pg_'
union all
select 'usage of schema ' || n.nspname || ' by ' || r.rolname
  from pg_catalog.pg_namespace n, pg_catalog.pg_roles r
 where n.nspname in ('public', 'auth', 'storage', 'extensions', 'private', 'net')
   and r.rolname in ('anon', 'authenticated', 'service_role')
   and has_schema_privilege(r.oid, n.oid, 'usage')
union all
select case c.relkind when 'v' then 'view ' when 'i' then 'index ' else 'table ' end || c.oid::regclass::text
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'v', 'i') and n.nspname in ('auth', 'storage', 'net', 'extensions', 'private')
union all
select 'column ' || c.oid::regclass::text || '.' || a.attname
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_class c on c.oid = a.attrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped and n.nspname in ('auth', 'storage', 'net')
union all
select 'function ' || p.oid::regprocedure::text
  from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
 where n.nspname in ('auth', 'storage', 'net', 'private')
    or n.nspname = 'extensions'
       and not exists (select from pg_catalog.pg_depend d where d.objid = p.oid and d.deptype = 'e')
union all
select 'trigger ' || t.tgname || ' on ' || t.tgrelid::regclass::text
  from pg_catalog.pg_trigger t
 where not t.tgisinternal
