-- Functions of the schemas $1 that can be called by name, with those of their settings that $2 names.
-- $3: only those that the current role may execute.
-- Not callable, so left out: trigger functions, and functions without parameter names, except with no
-- parameter or a single one that can hold a request body.
WITH RECURSIVE
wanted AS MATERIALIZED (
  SELECT p.oid, p.prorettype
  FROM pg_proc p
  WHERE p.pronamespace = ANY ($1::regnamespace[])
    AND p.prokind = 'f'
),
domains AS (
  SELECT t.oid AS domain, t.typbasetype AS base
  FROM pg_type t
  WHERE t.typtype = 'd'
    AND t.oid = ANY (ARRAY(SELECT w.prorettype FROM wanted w))
  UNION ALL
  SELECT d.domain, t.typbasetype
  FROM domains d
  JOIN pg_type t ON t.oid = d.base
  WHERE t.typtype = 'd'
),
base_types AS (
  SELECT d.domain, t.oid AS base
  FROM domains d
  JOIN pg_type t ON t.oid = d.base
  WHERE t.typtype <> 'd'
)
SELECT
  p.oid,
  n.nspname::text AS schema,
  p.proname::text AS name,
  (
    SELECT o.description
    FROM pg_description o
    WHERE o.classoid = 'pg_proc'::regclass AND o.objoid = p.oid AND o.objsubid = 0
  ) AS description,
  coalesce(params.names, '{}') AS param_names,
  coalesce(params.types, '{}') AS param_types,
  coalesce(params.cast_types, '{}') AS param_cast_types,
  coalesce(params.required, '{}') AS param_required,
  coalesce(params.variadic, '{}') AS param_variadic,
  tn.nspname::text AS return_schema,
  coalesce(relation.relname, t.typname)::text AS return_name,
  p.proretset AS returns_set,
  -- OUT, INOUT and TABLE parameters make a row even where the type is `record`.
  t.typtype = 'c' OR coalesce(p.proargmodes && '{o,b,t}', false) AS returns_composite,
  b.base IS NOT NULL AS returns_alias,
  p.provolatile::text AS volatility,
  p.provariadic <> 0 AS has_variadic,
  coalesce(settings.names, '{}') AS setting_names,
  coalesce(settings.contents, '{}') AS setting_values,
  (
    SELECT substr(s.setting, strpos(s.setting, '=') + 1)
    FROM unnest(p.proconfig) AS s (setting)
    WHERE s.setting LIKE 'default\_transaction\_isolation=%'
  ) AS isolation_level
FROM wanted w
JOIN pg_proc p ON p.oid = w.oid
JOIN pg_namespace n ON n.oid = p.pronamespace
LEFT JOIN base_types b ON b.domain = p.prorettype
JOIN pg_type t ON t.oid = coalesce(b.base, p.prorettype)
JOIN pg_namespace tn ON tn.oid = t.typnamespace
LEFT JOIN pg_class relation ON relation.oid = t.typrelid
CROSS JOIN LATERAL (
  SELECT
    array_agg(coalesce(input.name, '') ORDER BY input.position) AS names,
    array_agg(format_type(input.type, NULL) ORDER BY input.position) AS types,
    -- Types whose bare name means length 1 are replaced by those of any length.
    array_agg(
      CASE input.type
        WHEN 'bit'::regtype THEN 'bit varying'
        WHEN 'bit[]'::regtype THEN 'bit varying[]'
        WHEN 'bpchar'::regtype THEN 'character varying'
        WHEN 'bpchar[]'::regtype THEN 'character varying[]'
        ELSE format_type(input.type, NULL)
      END
      ORDER BY input.position
    ) AS cast_types,
    array_agg(input.position <= p.pronargs - p.pronargdefaults ORDER BY input.position) AS required,
    array_agg(coalesce(input.mode = 'v', false) ORDER BY input.position) AS variadic
  FROM (
    SELECT
      a.name,
      a.type,
      a.mode,
      row_number() OVER (ORDER BY a.position) AS position
    FROM unnest(
      coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargnames, p.proargmodes
    ) WITH ORDINALITY AS a (type, name, mode, position)
    WHERE coalesce(a.mode, 'i') IN ('i', 'b', 'v')
  ) input
) params
CROSS JOIN LATERAL (
  SELECT
    array_agg(split_part(s.setting, '=', 1)) AS names,
    array_agg(substr(s.setting, strpos(s.setting, '=') + 1)) AS contents
  FROM unnest(p.proconfig) AS s (setting)
  WHERE split_part(s.setting, '=', 1) = ANY ($2::text[])
) settings
WHERE t.oid <> 'trigger'::regtype
  AND (
    p.proargnames IS NOT NULL
    OR p.pronargs = 0
    OR (
      p.pronargs = 1
      AND p.proargtypes[0] IN (
        'bytea'::regtype, 'json'::regtype, 'jsonb'::regtype, 'text'::regtype, 'xml'::regtype
      )
    )
  )
  AND (NOT $3::boolean OR has_function_privilege(p.oid, 'execute'))
