-- The functions of the exposed schemas ($1), to be looked at by routines.sql.
SELECT p.oid
FROM pg_proc p
WHERE p.pronamespace = ANY ($1::regnamespace[])
  AND p.prokind = 'f'
