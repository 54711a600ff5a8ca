-- Foreign keys of every schema: views of exposed schemas inherit those of hidden tables.
-- Those that PostgreSQL copied to or for partitions are left out; the parent's stands for them.
SELECT
  k.conname::text AS constraint_name,
  k.conrelid AS relation_oid,
  tn.nspname::text AS schema,
  t.relname::text AS relation,
  k.conkey AS column_numbers,
  k.confrelid AS foreign_oid,
  fn.nspname::text AS foreign_schema,
  f.relname::text AS foreign_relation,
  k.confkey AS foreign_column_numbers,
  columns.names,
  columns.foreign_names,
  EXISTS (
    SELECT
    FROM pg_constraint u
    WHERE u.conrelid = k.conrelid
      AND u.contype IN ('p', 'u')
      AND u.conkey @> k.conkey
      AND u.conkey <@ k.conkey
  ) AS is_unique
FROM pg_constraint k
JOIN pg_class t ON t.oid = k.conrelid
JOIN pg_namespace tn ON tn.oid = t.relnamespace
JOIN pg_class f ON f.oid = k.confrelid
JOIN pg_namespace fn ON fn.oid = f.relnamespace
CROSS JOIN LATERAL (
  SELECT
    array_agg(a.attname::text ORDER BY pair.position) AS names,
    array_agg(fa.attname::text ORDER BY pair.position) AS foreign_names
  FROM unnest(k.conkey, k.confkey) WITH ORDINALITY AS pair (number, foreign_number, position)
  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = pair.number
  JOIN pg_attribute fa ON fa.attrelid = k.confrelid AND fa.attnum = pair.foreign_number
) columns
WHERE k.contype = 'f'
  AND k.conparentid = 0
ORDER BY k.conrelid, k.conname
