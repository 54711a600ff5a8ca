-- Primary keys of every schema, to find which views expose them.
SELECT
  k.conrelid AS relation_oid,
  k.conkey AS column_numbers
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
WHERE k.contype = 'p'
  AND c.relnamespace <> 'pg_catalog'::regnamespace
ORDER BY c.relname, k.conrelid
