-- Tables first: their columns have the types.
select format('table %I.%I', $1::text, c.relname)
  from pg_catalog.pg_class c
 where c.relnamespace = to_regnamespace($1) and c.relkind = 'r' and starts_with(c.relname::text, $2)
union all
select format('type %I.%I', $1::text, t.typname)
  from pg_catalog.pg_type t
 where t.typnamespace = to_regnamespace($1) and t.typtype = 'e' and starts_with(t.typname::text, $2)
 order by 1
