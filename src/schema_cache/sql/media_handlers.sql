-- Aggregates and functions of the exposed schemas ($1) that return a domain named like a media type.
-- An aggregate handles the relation (or any element) that it takes; a function handles its own result, and
-- then the domain itself makes the body.
WITH media_types AS (
  SELECT
    t.oid,
    t.typnamespace AS namespace,
    lower(t.typname) AS media_type,
    CASE t.typname WHEN '*/*' THEN 'application/octet-stream' ELSE lower(t.typname) END AS resolved
  FROM pg_type t
  WHERE t.typtype = 'd'
    AND (t.typname ~* '^[a-z0-9.-]+/[a-z0-9.+-]+$' OR t.typname = '*/*')
)
SELECT
  n.nspname::text AS handler_schema,
  p.proname::text AS handler,
  tn.nspname::text AS target_schema,
  target.typname::text AS target,
  m.media_type,
  m.resolved
FROM media_types m
JOIN pg_proc p ON p.prorettype = m.oid AND p.prokind = 'a' AND p.pronargs = 1
JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_type target ON target.oid = p.proargtypes[0]
JOIN pg_namespace tn ON tn.oid = target.typnamespace
LEFT JOIN pg_class relation ON relation.reltype = target.oid AND relation.relkind IN ('r', 'v', 'm', 'f', 'p')
WHERE p.pronamespace = ANY ($1::regnamespace[])
  AND (relation.oid IS NOT NULL OR target.oid = 'anyelement'::regtype)
UNION ALL
SELECT
  dn.nspname::text,
  m.media_type,
  n.nspname::text,
  p.proname::text,
  m.media_type,
  m.resolved
FROM media_types m
JOIN pg_proc p ON p.prorettype = m.oid AND p.prokind = 'f' AND NOT p.proretset
JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_namespace dn ON dn.oid = m.namespace
WHERE p.pronamespace = ANY ($1::regnamespace[])
