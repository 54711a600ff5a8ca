-- S2. What stands on the views that the cut-over drops and makes anew: it would refuse to drop them. $1: the
-- baseline's own, `kind relation identity`.
with dropped as (
  select c.oid, c.reltype
    from unnest(array['companies_summary', 'contacts_summary', 'activity_log']) name
    join pg_catalog.pg_class c on c.oid = to_regclass('public.' || name)),
dependent as (
  select distinct coalesce(v.oid, d.objid) as objid, case when v.oid is null then d.classid else 'pg_catalog.pg_class'::regclass end as classid
    from pg_catalog.pg_depend d
    left join pg_catalog.pg_rewrite r on d.classid = 'pg_catalog.pg_rewrite'::regclass and r.oid = d.objid
    left join pg_catalog.pg_class v on v.oid = r.ev_class
   where d.deptype in ('n', 'a')
     and (d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid in (select oid from dropped)
       or d.refclassid = 'pg_catalog.pg_type'::regclass and d.refobjid in (select reltype from dropped)
       or d.refclassid = 'pg_catalog.pg_type'::regclass
          and d.refobjid in (select t.oid from pg_catalog.pg_type t join dropped on t.typelem = dropped.reltype)))
select pg_catalog.pg_describe_object(d.classid, d.objid, 0) as item
  from dependent d
  left join pg_catalog.pg_class c on d.classid = 'pg_catalog.pg_class'::regclass and c.oid = d.objid
 where (c.oid is null or c.oid not in (select oid from dropped) and concat_ws(' ', 'relation', c.relname, c.relname) <> all ($1::text[]))
 order by 1
