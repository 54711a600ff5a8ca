-- Indexes that are not usable, and constraints other than foreign keys that were never validated.
select 'index ' || i.indexrelid::regclass
  from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indrelid
 where c.relnamespace = 'public'::regnamespace and not (i.indisvalid and i.indisready)
union all
select 'constraint ' || c.conrelid::regclass || ' ' || c.conname
  from pg_catalog.pg_constraint c
 where c.connamespace = 'public'::regnamespace and c.contype = 'c' and not c.convalidated
 order by 1
