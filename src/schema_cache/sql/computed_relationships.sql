-- Functions from one row of a relation to one row, or a set of rows, of a relation. By way of pg_type, which
-- has an index where pg_class.reltype has none.
SELECT
  n.nspname::text AS function_schema,
  p.proname::text AS function,
  sn.nspname::text AS schema,
  source.relname::text AS relation,
  tn.nspname::text AS foreign_schema,
  target.relname::text AS foreign_relation,
  NOT p.proretset OR p.prorows = 1 AS is_to_one,
  source.oid = target.oid AS is_self
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_type st ON st.oid = p.proargtypes[0] AND st.typrelid <> 0
JOIN pg_class source ON source.oid = st.typrelid AND source.reltype = st.oid AND source.relkind IN ('r', 'v', 'm', 'f', 'p')
JOIN pg_namespace sn ON sn.oid = source.relnamespace
JOIN pg_type tt ON tt.oid = p.prorettype AND tt.typrelid <> 0
JOIN pg_class target ON target.oid = tt.typrelid AND target.reltype = tt.oid AND target.relkind IN ('r', 'v', 'm', 'f', 'p')
JOIN pg_namespace tn ON tn.oid = target.relnamespace
WHERE p.pronargs = 1
ORDER BY p.oid
