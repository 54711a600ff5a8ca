-- What may refuse a row in schema public, as PostgreSQL's refusal names it: kind, table (of a domain none), name of the
-- constraint or column or domain, statement that sets it aside, and words for people.
select 'constraint' as kind, c.relname::text, k.conname::text,
       format('alter table %s drop constraint %I', c.oid::regclass, k.conname), format('constraint %I of %I', k.conname, c.relname)
  from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid = k.conrelid
 where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'f') and k.contype in ('c', 'f', 'p', 'u', 'x')
union all
select 'index', c.relname, i.relname, format('drop index %s', i.oid::regclass), format('index %I of %I', i.relname, c.relname)
  from pg_catalog.pg_index x
  join pg_catalog.pg_class i on i.oid = x.indexrelid
  join pg_catalog.pg_class c on c.oid = x.indrelid
 where c.relnamespace = 'public'::regnamespace
   and not exists (select from pg_catalog.pg_constraint k where k.conindid = i.oid and k.conrelid = c.oid)
union all
select 'not null', c.relname, a.attname, format('alter table %s alter column %I drop not null', c.oid::regclass, a.attname),
       format('NOT NULL of %I.%I', c.relname, a.attname)
  from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
 where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
   and a.attnotnull
union all
-- The product has no domains. A site's may be in a schema of its own.
select 'domain constraint', null, t.typname || ' ' || k.conname,
       format('alter domain %s drop constraint %I', t.oid::regtype, k.conname), format('constraint %I of domain %s', k.conname, t.oid::regtype)
  from pg_catalog.pg_type t join pg_catalog.pg_constraint k on k.contypid = t.oid
 where t.typtype = 'd' and k.contype = 'c' and t.typnamespace <> 'information_schema'::regnamespace
union all
select 'domain', null, t.typname, format('alter domain %s drop not null', t.oid::regtype), format('NOT NULL of domain %s', t.oid::regtype)
  from pg_catalog.pg_type t
 where t.typtype = 'd' and t.typnotnull and t.typnamespace <> 'information_schema'::regnamespace
