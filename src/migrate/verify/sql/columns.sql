-- The columns that a writer may set, per relation of schema public. Of a view: not those that are columns of a table
-- which computes them.
with recursive shown as (
  select a.attrelid as relation, a.attname as name, a.attgenerated <> '' or a.attidentity = 'a' as is_computed
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid
   where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped),
made_of as (
  select distinct w.ev_class as relation, a.attrelid as source, a.attname as name
    from pg_catalog.pg_depend d
    join pg_catalog.pg_rewrite w on w.oid = d.objid
    join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
   where d.classid = 'pg_catalog.pg_rewrite'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass
     and d.refobjsubid > 0 and d.refobjid <> w.ev_class),
computed as (
  select s.relation, s.name from shown s where s.is_computed
  union
  select m.relation, m.name from made_of m join computed c on c.relation = m.source and c.name = m.name)
select c.table_schema || '.' || quote_ident(c.table_name),
       array_agg(c.column_name::text order by c.ordinal_position)
  from information_schema.columns c
 where c.table_schema = 'public' and c.is_generated = 'NEVER' and c.is_updatable = 'YES'
   and not exists (select from computed k
                    where k.relation = format('%I.%I', c.table_schema, c.table_name)::regclass and k.name = c.column_name)
 group by 1
