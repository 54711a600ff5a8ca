-- The views $1: parse tree of the query, and column names by number.
SELECT
  r.ev_class AS oid,
  r.ev_action::text AS definition,
  ARRAY(
    SELECT a.attname::text
    FROM pg_attribute a
    WHERE a.attrelid = r.ev_class AND a.attnum > 0
    ORDER BY a.attnum
  ) AS columns
FROM pg_rewrite r
WHERE r.ev_class = ANY ($1::oid[])
  AND r.ev_type = '1'
