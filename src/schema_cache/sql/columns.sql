-- Columns of the relations $1, with their defaults where the relation is among $2. The type is named by types.sql, once for all columns that have it. A default names
-- no column, so that PostgreSQL need not look up the relation to print it.
SELECT
  a.attrelid AS relation,
  a.attnum AS number,
  a.attname AS name,
  a.attnotnull AS not_null,
  a.atttypid AS type,
  a.atttypmod AS modifier,
  a.attgenerated <> '' AS is_generated,
  CASE
    WHEN a.attgenerated <> '' OR a.attrelid <> ALL ($2::oid[]) THEN NULL
    WHEN a.attidentity = 'd' THEN (
      SELECT format('nextval(%L)', s.objid::regclass)
      FROM pg_depend s
      WHERE s.classid = 'pg_class'::regclass
        AND s.refclassid = 'pg_class'::regclass
        AND s.refobjid = a.attrelid
        AND s.refobjsubid = a.attnum
        AND s.deptype = 'i'
      LIMIT 1
    )
    WHEN a.atthasdef THEN (
      SELECT pg_get_expr(d.adbin, 0)
      FROM pg_attrdef d
      WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum
    )
  END AS default_expression
FROM pg_attribute a
WHERE a.attrelid = ANY ($1::oid[])
  AND a.attnum > 0
  AND NOT a.attisdropped
