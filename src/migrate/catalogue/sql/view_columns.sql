-- The columns of views, which are no objects of their own: quoted names by number, by the view's key. $1: schemas.
select coalesce(jsonb_object_agg(v.key, v.columns), '{}')
  from (select 'class ' || c.oid as key, jsonb_object_agg(a.attnum, quote_ident(a.attname)) as columns
          from pg_catalog.pg_class c
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname = any ($1)
          join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         where c.relkind = 'v'
         group by c.oid) v
