-- Primary keys of every schema, to find which views expose them and which relations are junctions.
SELECT
  k.conrelid AS relation_oid,
  n.nspname::text AS schema,
  c.relname::text AS name,
  k.conkey AS column_numbers,
  ARRAY(
    SELECT a.attname::text FROM pg_attribute a
    WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
    ORDER BY a.attname
  ) AS columns
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'p'
  AND c.relnamespace <> 'pg_catalog'::regnamespace
ORDER BY c.relname, k.conrelid
