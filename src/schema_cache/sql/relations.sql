-- The relations to look at, by name only: those of the exposed schemas ($1), the tables of every other schema
-- (views inherit keys of hidden tables, and a junction may be hidden), and the views of the extra search
-- path ($2). Unknown schemas are an error (3F000) in $1 and ignored in $2. Other sessions' temporary relations
-- are nobody's. Only those among $3, unless that is null.
SELECT
  c.oid,
  n.nspname AS schema,
  c.relname AS name,
  c.relkind::text AS kind,
  c.relnamespace = ANY ($1::regnamespace[]) AS is_exposed,
  c.relispartition AS is_partition
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relpersistence <> 't'
  AND ($3::oid[] IS NULL OR c.oid = ANY ($3))
  AND (
    c.relnamespace = ANY ($1::regnamespace[]) AND c.relkind IN ('r', 'v', 'm', 'f', 'p')
    OR c.relkind IN ('r', 'p') AND n.nspname <> 'pg_catalog'
    OR c.relkind IN ('v', 'm') AND n.nspname = ANY ($2::text[])
  )
