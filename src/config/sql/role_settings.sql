-- Settings of the roles that the connecting role is a member of, as far as it may set them.
SELECT DISTINCT
  r.rolname::text AS role,
  s.name,
  substr(c.setting, strpos(c.setting, '=') + 1) AS value
FROM pg_catalog.pg_auth_members m
JOIN pg_catalog.pg_roles me ON me.oid = m.member AND me.rolname = current_user
JOIN pg_catalog.pg_roles r ON r.oid = m.roleid
CROSS JOIN LATERAL unnest(r.rolconfig) AS c (setting)
JOIN pg_catalog.pg_settings s ON s.name = split_part(c.setting, '=', 1)
WHERE s.context = 'user'
   OR has_parameter_privilege(me.oid, s.name, 'SET')
ORDER BY role, name
