-- The catalogue of the CRM, one fact per row: kind, relation, identity, fact. Schemas public and private,
-- and the triggers on auth.users; without what belongs to extensions or to the engine itself.
with relations as (
  select c.oid, c.relkind, c.reloptions, c.relrowsecurity, n.nspname, c.relname,
         case when n.nspname = 'public' then c.relname::text else n.nspname || '.' || c.relname end as shown
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where n.nspname in ('public', 'private')
     and c.relkind in ('r', 'p', 'v', 'm', 'S')
     and not (n.nspname = 'public' and c.relname = any (array[
           'migration_history', 'migration_progress', 'migration_errors', 'migration_validation_results']))
     and not exists (select from pg_catalog.pg_depend d
                      where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
)
select * from (
  select 'relation' as kind, r.shown as relation, r.shown as identity,
         case r.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view'
                        when 'm' then 'materialized view' else 'sequence' end
         || case when r.relkind in ('r', 'p') then case when r.relrowsecurity then ', row level security' else '' end else '' end as fact
    from relations r
  union all
  select 'column', r.shown, a.attname::text, format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' not null' else '' end
    from pg_catalog.pg_attribute a
    join relations r on r.oid = a.attrelid and r.relkind <> 'S'
   where a.attnum > 0 and not a.attisdropped
  union all
  select 'default', r.shown, a.attname::text, concat_ws(' ', nullif(a.attidentity::text, ''), pg_get_expr(d.adbin, d.adrelid))
    from pg_catalog.pg_attribute a
    join relations r on r.oid = a.attrelid and r.relkind in ('r', 'p')
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
   where a.attnum > 0 and not a.attisdropped and (a.attidentity <> '' or d.oid is not null)
  union all
  select 'constraint', r.shown, k.conname::text, pg_get_constraintdef(k.oid)
    from pg_catalog.pg_constraint k
    join relations r on r.oid = k.conrelid
   where k.contype in ('p', 'u', 'f', 'c', 'x')
  union all
  select 'index', r.shown, c.relname::text, pg_get_indexdef(i.indexrelid)
    from pg_catalog.pg_index i
    join relations r on r.oid = i.indrelid
    join pg_catalog.pg_class c on c.oid = i.indexrelid
  union all
  select 'policy', r.shown, p.polname::text,
         concat_ws(' ', case when p.polpermissive then 'permissive' else 'restrictive' end, p.polcmd,
                   array(select case when role = 0 then 'public' else role::regrole::text end from unnest(p.polroles) role order by 1),
                   'using ' || pg_get_expr(p.polqual, p.polrelid), 'check ' || pg_get_expr(p.polwithcheck, p.polrelid))
    from pg_catalog.pg_policy p
    join relations r on r.oid = p.polrelid
  union all
  select 'trigger', case when n.nspname = 'public' then c.relname::text else n.nspname || '.' || c.relname end, t.tgname::text, pg_get_triggerdef(t.oid)
    from pg_catalog.pg_trigger t
    join pg_catalog.pg_class c on c.oid = t.tgrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where not t.tgisinternal
     and (n.nspname in ('public', 'private') or c.oid = to_regclass('auth.users'))
  union all
  select 'function', case when n.nspname = 'public' then p.proname::text else n.nspname || '.' || p.proname end,
         p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
         concat_ws(' ', pg_get_function_result(p.oid), case when p.prosecdef then 'security definer' end)
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
   where n.nspname in ('public', 'private')
     and not exists (select from pg_catalog.pg_depend d
                      where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
  union all
  select 'type', case when n.nspname = 'public' then t.typname::text else n.nspname || '.' || t.typname end, t.typname::text,
         array_to_string(array(select e.enumlabel from pg_catalog.pg_enum e where e.enumtypid = t.oid order by e.enumsortorder), ', ')
    from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
   where n.nspname in ('public', 'private') and t.typtype in ('e', 'd')
) facts
order by kind collate "C", relation collate "C", identity collate "C"
