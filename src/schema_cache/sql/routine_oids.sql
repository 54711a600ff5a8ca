-- The functions of the exposed schemas ($1), to be looked at by routines.sql; only those among $2,
-- unless that is null.
SELECT p.oid
FROM pg_proc p
WHERE p.pronamespace = ANY ($1::regnamespace[])
  AND p.prokind = 'f'
  AND ($2::oid[] IS NULL OR p.oid = ANY ($2))
