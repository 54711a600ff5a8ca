-- Settings of the connecting role whose names are in $1 (`pgrst.…`); one for this database wins over one
-- for all databases. Values that the pre-config function left in the session come last.
WITH own AS (
  SELECT
    s.setdatabase <> 0 AS is_for_database,
    split_part(c.setting, '=', 1) AS name,
    substr(c.setting, strpos(c.setting, '=') + 1) AS value
  FROM pg_catalog.pg_db_role_setting s
  CROSS JOIN LATERAL unnest(s.setconfig) AS c (setting)
  WHERE s.setrole = (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
    AND s.setdatabase IN (
      0, (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())
    )
)
SELECT wanted.name, found.value
FROM unnest($1::text[]) AS wanted (name)
CROSS JOIN LATERAL (
  SELECT coalesce(
    (SELECT own.value FROM own WHERE own.name = wanted.name ORDER BY own.is_for_database DESC LIMIT 1),
    CASE WHEN $2::boolean THEN current_setting(wanted.name, true) END
  ) AS value
) found
WHERE found.value IS NOT NULL
ORDER BY wanted.name
