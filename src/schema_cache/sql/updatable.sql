-- What PostgreSQL allows to be done to the views and foreign tables $1, whatever the grants: bit 8 insert,
-- bit 4 update, bit 16 delete; INSTEAD OF triggers count.
SELECT c.oid AS relation, pg_relation_is_updatable(c.oid, true) AS events
FROM unnest($1::oid[]) AS c (oid)
