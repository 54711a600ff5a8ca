-- What a restored CRM must have as many of: kind, number.
with own as (
  select n.oid from pg_catalog.pg_namespace n where n.nspname in ('public', 'auth', 'storage')
)
select 'tables and views' as kind, count(*) from pg_catalog.pg_class c join own on own.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'v', 'm')
union all
select 'sequences', count(*) from pg_catalog.pg_class c join own on own.oid = c.relnamespace where c.relkind = 'S'
union all
select 'indexes', count(*) from pg_catalog.pg_class c join own on own.oid = c.relnamespace where c.relkind in ('i', 'I')
union all
select 'policies', count(*) from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid
  join own on own.oid = c.relnamespace
union all
select 'tables with row level security', count(*) from pg_catalog.pg_class c join own on own.oid = c.relnamespace
 where c.relrowsecurity
union all
select 'triggers', count(*) from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
  join own on own.oid = c.relnamespace where not t.tgisinternal
union all
select 'constraints', count(*) from pg_catalog.pg_constraint k join own on own.oid = k.connamespace
 where k.contype <> 't'
union all
select 'functions', count(*) from pg_catalog.pg_proc p join own on own.oid = p.pronamespace
 order by 1
