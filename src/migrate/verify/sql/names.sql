-- Names of the catalogue by kind: relation, table, policy, trigger, function, and what is open.
select 'relation' as kind, n.nspname || '.' || quote_ident(c.relname) as name
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where n.nspname = 'public' and c.relkind in ('r', 'v', 'm', 'p')
union all
select 'table', n.nspname || '.' || quote_ident(c.relname)
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where n.nspname in ('public', 'migration', 'private') and c.relkind in ('r', 'p')
union all
select 'policy', p.schemaname || '.' || quote_ident(p.tablename) || ': ' || p.policyname || ' for ' || p.cmd
                 || ' to ' || array_to_string(p.roles, ', ')
  from pg_catalog.pg_policies p
 where p.schemaname in ('public', 'migration', 'private') and p.permissive = 'PERMISSIVE'
union all
select 'trigger', t.tgrelid::regclass || ' ' || t.tgname
  from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
 where c.relnamespace = 'public'::regnamespace and not t.tgisinternal
union all
select 'function', p.proname from pg_catalog.pg_proc p where p.pronamespace = 'public'::regnamespace
union all
select 'open_table', n.nspname || '.' || quote_ident(c.relname)
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where n.nspname in ('public', 'crm_backup') and c.relkind in ('r', 'p') and not c.relrowsecurity
   and not exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype = 'e')
   and (n.nspname = 'public' or has_schema_privilege('anon', n.oid, 'usage') or has_schema_privilege('authenticated', n.oid, 'usage'))
union all
select 'owner_view', n.nspname || '.' || quote_ident(c.relname)
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where n.nspname = 'public' and c.relkind = 'v' and c.relname <> 'init_state'
   and not exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype = 'e')
   and not coalesce(c.reloptions && array['security_invoker=on', 'security_invoker=true'], false)
 order by 1, 2
