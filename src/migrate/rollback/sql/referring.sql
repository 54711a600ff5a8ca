-- Keys by which tables would lose rows or references, or stand in the way, when rows of those that are put back
-- ($1, as they are called now) go or change; not those of $2. A partitioned table's
-- key counts once, and for all partitions.
select k.conrelid::regclass::text,
       x.relkind = 'p',
       array_position(t.places, k.confrelid::oid),
       array_position(t.places, k.conrelid::oid),
       array(select a.attname::text from unnest(k.conkey) with ordinality u(number, at)
               join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.number order by u.at),
       array(select a.attname::text from unnest(k.confkey) with ordinality u(number, at)
               join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.number order by u.at)
  from pg_catalog.pg_constraint k
  join pg_catalog.pg_class x on x.oid = k.conrelid
 cross join (select array(select to_regclass(n.name)::oid from unnest($1::text[]) with ordinality n(name, at) order by n.at) as places) t
 where k.contype = 'f' and k.conparentid = 0 and k.confrelid = any (t.places)
   and k.conrelid <> all (array(select to_regclass(n.name)::oid from unnest($2::text[]) n(name) where to_regclass(n.name) is not null))
 order by 1, 3
