-- Views, functions, triggers, rules, policies: what holds SQL text. Columns as in relations.sql.
with
ns as (
  select n.oid, n.nspname from pg_catalog.pg_namespace n where n.nspname = any ($1)),
rel as (
  select c.*, c.oid::regclass::text as full_name, 'class ' || c.oid as key
    from pg_catalog.pg_class c
    left join ns on ns.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'f', 'v', 'm')
     and (ns.oid is not null
          -- Tables of the platform that carry the application's triggers and policies.
          or c.oid = any (array[to_regclass('auth.users'), to_regclass('storage.objects'), to_regclass('storage.buckets')]))
     and not (coalesce(ns.nspname, '') = 'public' and c.relname = any ($2))
     and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'))
select 'view' as kind, v.key, 'namespace ' || v.relnamespace as parent, 'view ' || v.full_name as identity, v.full_name as relation,
       quote_ident(v.relname) as name,
       jsonb_build_object('kind', v.relkind, 'options', v.reloptions, 'query', pg_get_viewdef(v.oid)) as facts,
       format('create %sview %s%s as %s', case v.relkind when 'm' then 'materialized ' else '' end, v.full_name,
              ' with (' || array_to_string(v.reloptions, ', ') || ')', pg_get_viewdef(v.oid)) as make,
       format('drop %sview %s', case v.relkind when 'm' then 'materialized ' else '' end, v.full_name) as remove
  from rel v where v.relkind in ('v', 'm')
union all
select 'function', 'proc ' || p.oid, 'namespace ' || p.pronamespace, 'function ' || p.oid::regprocedure, p.oid::regprocedure::text, quote_ident(p.proname),
       jsonb_build_object('definition', pg_get_functiondef(p.oid)),
       pg_get_functiondef(p.oid), 'drop routine ' || p.oid::regprocedure
  from pg_catalog.pg_proc p join ns on ns.oid = p.pronamespace
 where p.prokind <> 'a'
   and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
union all
select 'trigger', 'trigger ' || t.oid, r.key, format('trigger %I on %s', t.tgname, r.full_name), r.full_name, quote_ident(t.tgname),
       jsonb_build_object('definition', pg_get_triggerdef(t.oid), 'enabled', t.tgenabled),
       pg_get_triggerdef(t.oid)
       || case t.tgenabled when 'O' then '' else format('; alter table %s %s trigger %I', r.full_name,
            case t.tgenabled when 'D' then 'disable' when 'R' then 'enable replica' else 'enable always' end, t.tgname) end,
       format('drop trigger %I on %s', t.tgname, r.full_name)
  from rel r join pg_catalog.pg_trigger t on t.tgrelid = r.oid
 where not t.tgisinternal and t.tgparentid = 0
   and t.tgname not in ('migration_capture_trace', 'migration_capture_trace_truncate') -- there before a run's first moment and gone after its last
union all
select 'rule', 'rule ' || w.oid, r.key, format('rule %I on %s', w.rulename, r.full_name), r.full_name, quote_ident(w.rulename),
       jsonb_build_object('definition', pg_get_ruledef(w.oid), 'enabled', w.ev_enabled),
       pg_get_ruledef(w.oid), format('drop rule %I on %s', w.rulename, r.full_name)
  from rel r join pg_catalog.pg_rewrite w on w.ev_class = r.oid
 where w.rulename <> '_RETURN'
union all
select 'policy', 'policy ' || p.oid, r.key, format('policy %I on %s', p.polname, r.full_name), r.full_name, quote_ident(p.polname),
       jsonb_build_object('definition', body.text),
       format('create policy %I on %s %s', p.polname, r.full_name, body.text),
       format('drop policy %I on %s', p.polname, r.full_name)
  from rel r
  join pg_catalog.pg_policy p on p.polrelid = r.oid
  cross join lateral (select concat_ws(' ',
    case when p.polpermissive then 'as permissive' else 'as restrictive' end,
    'for ' || case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
    'to ' || (select string_agg(coalesce(quote_ident(g.rolname), 'public'), ', ' order by g.rolname)
                from unnest(p.polroles) u (id) left join pg_catalog.pg_roles g on g.oid = u.id),
    'using (' || pg_get_expr(p.polqual, p.polrelid) || ')',
    'with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')') as text) body
