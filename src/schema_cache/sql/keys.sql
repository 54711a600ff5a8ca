-- Primary keys, unique constraints and foreign keys of the tables $1. Foreign keys that PostgreSQL copied to
-- or for partitions are left out; the parent's stands for them.
SELECT
  k.conrelid AS relation,
  k.conname AS name,
  k.contype::text AS kind,
  k.conkey AS columns,
  k.confrelid AS foreign_relation,
  coalesce(k.confkey, '{}') AS foreign_columns
FROM pg_constraint k
WHERE k.conrelid = ANY ($1::oid[])
  AND (k.contype IN ('p', 'u') OR k.contype = 'f' AND k.conparentid = 0)
