-- Relations of the exposed schemas ($1), with what PostgreSQL allows to be done to them whatever the grants.
-- Partitions are reached through their parent. An unknown schema is an error (3F000).
SELECT
  n.nspname::text AS schema,
  c.relname::text AS name,
  obj_description(c.oid, 'pg_class') AS description,
  c.relkind IN ('v', 'm') AS is_view,
  -- pg_relation_is_updatable: bit 8 insert, bit 4 update, bit 16 delete; it counts INSTEAD OF triggers.
  e.events & 8 <> 0 AS insertable,
  e.events & 4 <> 0 AS updatable,
  e.events & 16 <> 0 AS deletable,
  ARRAY(
    SELECT a.attname::text
    FROM pg_constraint k
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
    WHERE k.conrelid = c.oid AND k.contype = 'p'
    ORDER BY a.attname
  ) AS primary_key
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
  SELECT CASE
    WHEN c.relkind IN ('r', 'p') THEN 8 | 4 | 16
    WHEN c.relkind IN ('v', 'f') THEN pg_relation_is_updatable(c.oid, true)
    ELSE 0
  END AS events
) e
WHERE c.relnamespace = ANY ($1::regnamespace[])
  AND c.relkind IN ('r', 'v', 'm', 'f', 'p')
  AND NOT c.relispartition
