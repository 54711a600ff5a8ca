-- Functions of every schema but the server's, the migration's and its webhooks' (which have rules of their own),
-- without those of extensions: key, words, definition, and what fails with it: triggers on tables of the CRM, and
-- policies, constraints, defaults, indexes and views, whose functions are it or call it by its name, however deep.
with recursive program as materialized (
  select p.oid, p.proname, pg_get_functiondef(p.oid) as definition
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
   where p.prokind <> 'a' and n.nspname <> all (array['information_schema', 'crm_backup', 'migration', 'webhooks'])
     and n.nspname not like 'pg\_%'
     and not exists (select from pg_catalog.pg_depend d
                      where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
), word as materialized (
  -- What stands before a bracket: "a name" or a_name.
  select distinct p.oid, coalesce(replace(w[1], '""', '"'), lower(w[2])) as name
    from program p
    cross join lateral regexp_matches(p.definition, '"((?:[^"]|"")+)"\s*\(|([[:alnum:]_$]+)\s*\(', 'g') w
), call as materialized (
  select w.oid as caller, p.oid as callee
    from word w
    join program p on p.proname = w.name and p.oid <> w.oid
), firing (oid, words) as (
  select t.tgfoid, format('trigger %I on %s', t.tgname, t.tgrelid::regclass)
    from pg_catalog.pg_trigger t
    join pg_catalog.pg_class c on c.oid = t.tgrelid
   where not t.tgisinternal and t.tgparentid = 0
     and c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
  union
  select d.refobjid, pg_describe_object(d.classid, d.objid, d.objsubid)
    from pg_catalog.pg_depend d
   where d.refclassid = 'pg_catalog.pg_proc'::regclass
     and d.classid = any (array['pg_catalog.pg_policy', 'pg_catalog.pg_constraint', 'pg_catalog.pg_attrdef',
                                'pg_catalog.pg_class', 'pg_catalog.pg_rewrite']::regclass[])
), reached (oid, words) as (
  select * from firing
  union
  select c.callee, r.words from reached r join call c on c.caller = r.oid
)
select 'proc ' || p.oid, 'function ' || p.oid::regprocedure, p.definition,
       array(select distinct r.words from reached r where r.oid = p.oid order by 1)
  from program p
 order by 2
