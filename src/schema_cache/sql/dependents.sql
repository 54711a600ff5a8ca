-- What else may say something else when the relations $1 (of any kind, sequences too) or functions $2 have
-- changed: relations whose defaults name them, types whose defaults do, the tables of identity sequences, and
-- the views over the relations $3, of any depth.
WITH RECURSIVE
changed (class, id) AS (
  SELECT 'pg_class'::regclass, unnest($1::oid[])
  UNION ALL
  SELECT 'pg_proc'::regclass, unnest($2::oid[])
),
views (id) AS (
  SELECT unnest($3::oid[])
  UNION
  SELECT r.ev_class
  FROM views v
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = v.id AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_rewrite r ON r.oid = d.objid
)
SELECT false AS is_type, a.adrelid AS id
FROM changed c
JOIN pg_depend d ON d.refclassid = c.class AND d.refobjid = c.id AND d.classid = 'pg_attrdef'::regclass
JOIN pg_attrdef a ON a.oid = d.objid
UNION
SELECT true, d.objid
FROM changed c
JOIN pg_depend d ON d.refclassid = c.class AND d.refobjid = c.id AND d.classid = 'pg_type'::regclass AND d.deptype = 'n'
UNION
SELECT false, d.refobjid
FROM changed c
JOIN pg_depend d ON d.classid = c.class AND d.objid = c.id AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i'
WHERE c.class = 'pg_class'::regclass
UNION
SELECT false, v.id FROM views v
