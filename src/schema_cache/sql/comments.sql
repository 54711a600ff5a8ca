-- Comments on the relations $1 (number 0) and on their columns.
SELECT o.objoid AS relation, o.objsubid AS number, o.description
FROM pg_description o
WHERE o.classoid = 'pg_class'::regclass
  AND o.objoid = ANY ($1::oid[])
