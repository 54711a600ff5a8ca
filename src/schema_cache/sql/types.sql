-- The types $1 with the modifiers $2 (pairwise), as columns have them: names, longest text, default, labels.
WITH RECURSIVE
domains AS (
  SELECT oid AS domain, typbasetype AS base
  FROM pg_type
  WHERE typtype = 'd' AND oid = ANY ($1::oid[])
  UNION ALL
  SELECT d.domain, t.typbasetype
  FROM domains d
  JOIN pg_type t ON t.oid = d.base
  WHERE t.typtype = 'd'
),
base_types AS (
  SELECT DISTINCT d.domain, t.oid AS base, t.typnamespace AS namespace
  FROM domains d
  JOIN pg_type t ON t.oid = d.base
  WHERE t.typtype <> 'd'
)
SELECT
  a.type,
  a.modifier,
  t.typtype = 'd' AND t.typnotnull AS not_null,
  CASE
    WHEN t.typtype = 'd' AND b.namespace = 'pg_catalog'::regnamespace THEN format_type(b.base, NULL)
    WHEN t.typtype <> 'd' AND t.typnamespace = 'pg_catalog'::regnamespace THEN format_type(t.oid, NULL)
    ELSE format_type(a.type, a.modifier)
  END AS data_type,
  format_type(a.type, a.modifier) AS nominal_type,
  CASE
    WHEN m.type IN ('bpchar'::regtype, 'varchar'::regtype) AND m.modifier >= 4 THEN m.modifier - 4
    WHEN m.type IN ('bit'::regtype, 'varbit'::regtype) AND m.modifier >= 0 THEN m.modifier
  END AS max_length,
  pg_get_expr(t.typdefaultbin, 0) AS default_expression,
  CASE WHEN t.typtype IN ('e', 'd') THEN ARRAY(
    SELECT l.enumlabel::text
    FROM pg_enum l
    WHERE l.enumtypid = coalesce(b.base, t.oid)
    ORDER BY l.enumsortorder
  ) ELSE '{}' END AS enum_values
FROM unnest($1::oid[], $2::int4[]) AS a (type, modifier)
JOIN pg_type t ON t.oid = a.type
LEFT JOIN base_types b ON b.domain = t.oid
CROSS JOIN LATERAL (
  SELECT
    CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END AS type,
    CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.modifier END AS modifier
) m
