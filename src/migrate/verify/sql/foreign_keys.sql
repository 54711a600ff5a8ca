-- Every foreign key that starts in schema public: its name, table and constraint, whether it was validated, and a query that
-- counts its orphans and names the first of them.
select c.conrelid::regclass || ' ' || c.conname as name,
       (select r.relname::text from pg_catalog.pg_class r where r.oid = c.conrelid) as "table", c.conname::text as constraint,
       c.convalidated as is_validated,
       format(
         'select count(*), coalesce((array_agg(x.key order by x.key))[1:5], ''{}'') from (select (%1$s)::text as key from %2$s t where %3$s and not exists (select from %4$s p where %5$s)) x',
         (select string_agg(format('t.%I', a.attname), ' || '','' || ' order by k.place)
            from unnest(c.conkey) with ordinality k (attnum, place)
            join pg_catalog.pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum),
         c.conrelid::regclass,
         (select string_agg(format('t.%I is not null', a.attname), ' and ' order by k.place)
            from unnest(c.conkey) with ordinality k (attnum, place)
            join pg_catalog.pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum),
         c.confrelid::regclass,
         (select string_agg(format('p.%I = t.%I', f.attname, a.attname), ' and ' order by k.place)
            from unnest(c.conkey, c.confkey) with ordinality k (attnum, referenced, place)
            join pg_catalog.pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum
            join pg_catalog.pg_attribute f on f.attrelid = c.confrelid and f.attnum = k.referenced)) as orphans
  from pg_catalog.pg_constraint c
 where c.contype = 'f' and c.connamespace = 'public'::regnamespace
 order by 1
