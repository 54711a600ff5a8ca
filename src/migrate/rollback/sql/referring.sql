-- Keys by which tables outside a backup set would lose rows or references when rows of the set go.
select k.conrelid::regclass::text, quote_ident(a.attname), c.relname::text
  from pg_catalog.pg_constraint k
  join pg_catalog.pg_class c on c.oid = k.confrelid
  join pg_catalog.pg_class x on x.oid = k.conrelid
  join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
 where k.contype = 'f' and k.confdeltype in ('c', 'n', 'd') and cardinality(k.conkey) = 1
   and c.relnamespace = 'public'::regnamespace and c.relname = any ($1)
   and not (x.relnamespace = 'public'::regnamespace and x.relname = any ($1))
