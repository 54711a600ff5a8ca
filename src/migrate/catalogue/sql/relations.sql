-- Schemas, types, tables, columns, constraints, indexes, sequences. One row per object:
-- kind, key, parent, identity, relation, name, facts, make, remove. See catalogue/mod.rs.
with
ns as (
  select n.oid, n.nspname, quote_ident(n.nspname) as name from pg_catalog.pg_namespace n where n.nspname = any ($1)),
rel as (
  select c.*, c.oid::regclass::text as full_name, 'class ' || c.oid as key
    from pg_catalog.pg_class c join ns on ns.oid = c.relnamespace
   where not (ns.nspname = 'public' and c.relname = any ($2))
     and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')),
heap as (select * from rel where relkind in ('r', 'p', 'f'))
select 'schema' as kind, 'namespace ' || oid as key, null as parent, 'schema ' || name as identity, name as relation, name as name,
       '{}'::jsonb as facts, 'create schema ' || name as make, 'drop schema ' || name as remove
  from ns
union all
select 'type', 'type ' || t.oid, 'namespace ' || t.typnamespace, 'type ' || t.oid::regtype, t.oid::regtype::text, quote_ident(t.typname),
       jsonb_build_object('type', t.typtype, 'body', body.text),
       format('create %s %s as %s', case t.typtype when 'd' then 'domain' else 'type' end, t.oid::regtype, body.text),
       format('drop %s %s', case t.typtype when 'd' then 'domain' else 'type' end, t.oid::regtype)
  from pg_catalog.pg_type t join ns on ns.oid = t.typnamespace
  cross join lateral (select case t.typtype
    when 'e' then (select format('enum (%s)', string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder))
                     from pg_catalog.pg_enum e where e.enumtypid = t.oid)
    when 'd' then concat_ws(' ', format_type(t.typbasetype, t.typtypmod), 'default ' || t.typdefault,
                            case when t.typnotnull then 'not null' end,
                            (select string_agg(format('constraint %I %s', k.conname, pg_get_constraintdef(k.oid)), ' ' order by k.conname)
                               from pg_catalog.pg_constraint k where k.contypid = t.oid and k.contype = 'c'))
    else (select format('(%s)', string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum))
            from pg_catalog.pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) end as text) body
 where (t.typtype in ('e', 'd') or (t.typtype = 'c' and (select c.relkind from pg_catalog.pg_class c where c.oid = t.typrelid) = 'c'))
   and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')
union all
select 'table', key, 'namespace ' || relnamespace, 'table ' || full_name, full_name, quote_ident(relname),
       jsonb_build_object('kind', relkind, 'persistence', relpersistence, 'options', reloptions, 'replica identity', relreplident),
       null, 'drop table ' || full_name
  from heap
union all
select 'column', h.key || ' column ' || a.attnum, h.key, format('column %s.%I', h.full_name, a.attname), h.full_name, quote_ident(a.attname),
       jsonb_build_object('number', a.attnum, 'type', format_type(a.atttypid, a.atttypmod),
         'collation', case when a.attcollation <> t.typcollation then a.attcollation::regcollation::text end,
         'identity', a.attidentity, 'generated', a.attgenerated),
       null, format('alter table %s drop column %I', h.full_name, a.attname)
  from heap h
  join pg_catalog.pg_attribute a on a.attrelid = h.oid and a.attnum > 0 and not a.attisdropped
  join pg_catalog.pg_type t on t.oid = a.atttypid
union all
select 'constraint', 'constraint ' || k.oid, h.key, format('constraint %I on %s', k.conname, h.full_name), h.full_name, quote_ident(k.conname),
       jsonb_build_object('definition', pg_get_constraintdef(k.oid)),
       format('alter table %s add constraint %I %s', h.full_name, k.conname, pg_get_constraintdef(k.oid)),
       format('alter table %s drop constraint %I', h.full_name, k.conname)
  from heap h join pg_catalog.pg_constraint k on k.conrelid = h.oid
 where k.contype in ('c', 'f', 'p', 'u', 'x') and k.conparentid = 0
union all
-- A key's index belongs to its constraint and is told there.
select 'index', i.key, 'class ' || x.indrelid, 'index ' || i.full_name, x.indrelid::regclass::text, quote_ident(i.relname),
       jsonb_build_object('definition', replace(pg_get_indexdef(i.oid), ' INDEX ' || quote_ident(i.relname) || ' ON ', ' INDEX ON '),
         'valid', x.indisvalid, 'clustered', x.indisclustered, 'replica identity', x.indisreplident),
       pg_get_indexdef(i.oid), 'drop index ' || i.full_name
  from rel i join pg_catalog.pg_index x on x.indexrelid = i.oid
 where i.relkind in ('i', 'I')
   and not exists (select from pg_catalog.pg_constraint k where k.conindid = i.oid and k.contype in ('p', 'u', 'x'))
union all
select 'sequence', s.key, 'namespace ' || s.relnamespace, 'sequence ' || s.full_name, s.full_name, quote_ident(s.relname),
       jsonb_build_object('type', q.seqtypid::regtype::text, 'start', q.seqstart, 'increment', q.seqincrement, 'min', q.seqmin,
         'max', q.seqmax, 'cache', q.seqcache, 'cycle', q.seqcycle, 'owned', o.deptype,
         'owner', case when a.attname is not null then format('%s.%I', o.refobjid::regclass, a.attname) end),
       case when o.deptype is distinct from 'i' then
         format('create sequence %s as %s increment %s minvalue %s maxvalue %s start %s cache %s%s', s.full_name, q.seqtypid::regtype,
           q.seqincrement, q.seqmin, q.seqmax, q.seqstart, q.seqcache, case when q.seqcycle then ' cycle' else '' end)
         || case when a.attname is not null then format('; alter sequence %s owned by %s.%I', s.full_name, o.refobjid::regclass, a.attname) else '' end
       end,
       'drop sequence ' || s.full_name
  from rel s
  join pg_catalog.pg_sequence q on q.seqrelid = s.oid
  left join pg_catalog.pg_depend o on o.classid = 'pg_catalog.pg_class'::regclass and o.objid = s.oid and o.objsubid = 0
    and o.refclassid = 'pg_catalog.pg_class'::regclass and o.refobjsubid > 0 and o.deptype in ('a', 'i')
  left join pg_catalog.pg_attribute a on a.attrelid = o.refobjid and a.attnum = o.refobjsubid
