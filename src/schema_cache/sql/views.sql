-- Views of the exposed schemas ($1) and those of the extra search path ($2) on which they may be built:
-- parse tree of the query, and column names by number. Unknown schemas in $2 are ignored.
SELECT
  c.oid,
  n.nspname::text AS schema,
  c.relname::text AS name,
  c.relnamespace = ANY ($1::regnamespace[]) AS is_exposed,
  r.ev_action::text AS definition,
  ARRAY(
    SELECT a.attname::text
    FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0
    ORDER BY a.attnum
  ) AS columns
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_rewrite r ON r.ev_class = c.oid AND r.ev_type = '1'
WHERE c.relkind IN ('v', 'm')
  AND (c.relnamespace = ANY ($1::regnamespace[]) OR n.nspname = ANY ($2::text[]))
ORDER BY c.oid
