-- S2. Views, functions and policies outside the baseline that speak of deals or their notes: the migration
-- does not know how to rebuild them; functions that take or return a row of theirs (computed columns) are of the
-- table that gets the new name. Columns and triggers of these tables: the table keeps them, the old face
-- does not show such a column, and a trigger fires on the opportunity. $1: the baseline's own, `kind relation identity`.
with touched as (
  select oid, reltype from pg_catalog.pg_class
   where oid = any (array[to_regclass('public.deals'), to_regclass('{deal_notes}')]::oid[])),
found (kind, relation, identity, shown) as (
  select distinct 'relation', v.relname::text, v.relname::text, 'view ' || v.oid::regclass
    from pg_catalog.pg_depend d
    join pg_catalog.pg_rewrite r on r.oid = d.objid
    join pg_catalog.pg_class v on v.oid = r.ev_class
   where d.classid = 'pg_catalog.pg_rewrite'::regclass and d.refobjid in (select oid from touched)
     and v.oid not in (select oid from touched)
   union all
  select 'function', p.proname::text, p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')', 'function ' || p.oid::regprocedure
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
   where n.nspname not in ('pg_catalog', 'information_schema', 'crm_backup', 'migration') and n.nspname not like 'pg\_%'
     and (p.prosrc ~ '\m(deals|dealNotes|deal_notes)\M'
       or exists (select from unnest(p.proargtypes::oid[] || p.proallargtypes || p.prorettype) arg
                    join pg_catalog.pg_type t on t.oid = arg
                   where t.oid in (select reltype from touched) or t.typelem in (select reltype from touched))
       or exists (select from pg_catalog.pg_depend d
                   where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid
                     and d.refobjid in (select oid from touched)))
     and not exists (select from pg_catalog.pg_depend e where e.objid = p.oid and e.deptype = 'e')
   union all
  select 'policy', c.relname::text, p.polname::text, format('policy %I on %s', p.polname, c.oid::regclass)
    from pg_catalog.pg_policy p
    join pg_catalog.pg_class c on c.oid = p.polrelid
   where c.oid in (select oid from touched)
      or exists (select from pg_catalog.pg_depend d
                  where d.classid = 'pg_catalog.pg_policy'::regclass and d.objid = p.oid
                    and d.refobjid in (select oid from touched))
   union all
  select 'column', c.relname::text, a.attname::text, format('column %I of %s', a.attname, c.oid::regclass)
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid
   where c.oid in (select oid from touched) and a.attnum > 0 and not a.attisdropped
   union all
  select 'trigger', c.relname::text, t.tgname::text, format('trigger %I on %s', t.tgname, c.oid::regclass)
    from pg_catalog.pg_trigger t
    join pg_catalog.pg_class c on c.oid = t.tgrelid
    join pg_catalog.pg_proc p on p.oid = t.tgfoid
   where c.oid in (select oid from touched) and not t.tgisinternal
     and p.pronamespace is distinct from to_regnamespace('migration'))
select f.shown as item
  from found f
 where concat_ws(' ', f.kind, f.relation, f.identity) <> all ($1::text[])
 order by 1
