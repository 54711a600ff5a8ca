-- Indexes that are not usable, and constraints other than foreign keys that were never validated: words, kind, table, name.
select 'index ' || i.indexrelid::regclass, 'index', c.relname::text, x.relname::text
  from pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indrelid
  join pg_catalog.pg_class x on x.oid = i.indexrelid
 where c.relnamespace = 'public'::regnamespace and not (i.indisvalid and i.indisready)
union all
select 'constraint ' || c.conrelid::regclass || ' ' || c.conname, 'constraint', t.relname::text, c.conname::text
  from pg_catalog.pg_constraint c join pg_catalog.pg_class t on t.oid = c.conrelid
 where c.connamespace = 'public'::regnamespace and c.contype = 'c' and not c.convalidated
 order by 1
