-- Columns of the relations of the exposed schemas ($1), in their order within each relation.
WITH RECURSIVE
domains AS (
  SELECT oid AS domain, typbasetype AS base
  FROM pg_type
  WHERE typtype = 'd'
  UNION ALL
  SELECT d.domain, t.typbasetype
  FROM domains d
  JOIN pg_type t ON t.oid = d.base
  WHERE t.typtype = 'd'
),
base_types AS (
  SELECT d.domain, t.oid AS base, t.typnamespace AS namespace
  FROM domains d
  JOIN pg_type t ON t.oid = d.base
  WHERE t.typtype <> 'd'
)
SELECT
  n.nspname::text AS schema,
  c.relname::text AS relation,
  a.attname::text AS name,
  o.description,
  NOT (a.attnotnull OR t.typtype = 'd' AND t.typnotnull) AS nullable,
  CASE
    WHEN t.typtype = 'd' AND b.namespace = 'pg_catalog'::regnamespace THEN format_type(b.base, NULL)
    WHEN t.typtype <> 'd' AND t.typnamespace = 'pg_catalog'::regnamespace THEN format_type(t.oid, NULL)
    ELSE format_type(a.atttypid, a.atttypmod)
  END AS data_type,
  format_type(a.atttypid, a.atttypmod) AS nominal_type,
  CASE
    WHEN m.type IN ('bpchar'::regtype, 'varchar'::regtype) AND m.modifier >= 4 THEN m.modifier - 4
    WHEN m.type IN ('bit'::regtype, 'varbit'::regtype) AND m.modifier >= 0 THEN m.modifier
  END AS max_length,
  CASE
    WHEN a.attgenerated <> '' THEN NULL
    WHEN a.attidentity = 'd' THEN (
      SELECT format('nextval(%L)', s.objid::regclass)
      FROM pg_depend s
      WHERE s.classid = 'pg_class'::regclass
        AND s.refclassid = 'pg_class'::regclass
        AND s.refobjid = c.oid
        AND s.refobjsubid = a.attnum
        AND s.deptype = 'i'
      LIMIT 1
    )
    WHEN d.adbin IS NULL THEN pg_get_expr(t.typdefaultbin, 0)
    ELSE pg_get_expr(d.adbin, d.adrelid)
  END AS default_expression,
  CASE WHEN t.typtype IN ('e', 'd') THEN ARRAY(
    SELECT l.enumlabel::text
    FROM pg_enum l
    WHERE l.enumtypid = coalesce(b.base, t.oid)
    ORDER BY l.enumsortorder
  ) ELSE '{}' END AS enum_values
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN base_types b ON b.domain = t.oid
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
LEFT JOIN pg_description o
  ON o.classoid = 'pg_class'::regclass AND o.objoid = c.oid AND o.objsubid = a.attnum
CROSS JOIN LATERAL (
  SELECT
    CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END AS type,
    CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS modifier
) m
WHERE c.relnamespace = ANY ($1::regnamespace[])
  AND c.relkind IN ('r', 'v', 'm', 'f', 'p')
  AND NOT c.relispartition
ORDER BY c.oid, a.attnum
