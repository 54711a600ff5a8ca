SELECT
  exposed.nspname AS routine_schema,
  p.proname AS routine_name,
  p.oid::bigint AS routine_oid,
  coalesce(
    (
      SELECT array_agg(coalesce(p.proargnames[i], '') ORDER BY i)
      FROM generate_series(1, coalesce(cardinality(p.proargmodes), p.pronargs)) AS i
      -- Without modes all parameters are input; 'b' and 'v' are INOUT and VARIADIC.
      WHERE p.proargmodes IS NULL OR p.proargmodes[i] IN ('i', 'b', 'v')
    ),
    '{}'
  ) AS parameter_names
FROM exposed
JOIN pg_proc p ON p.pronamespace = exposed.oid
WHERE p.prokind = 'f'
  AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
  AND has_function_privilege(p.oid, 'EXECUTE')
ORDER BY p.proname, p.oid
