-- S6. Rights that the role lacks. $1: the tables that the migration touches.
select 'create schemas in this database' as item where not has_database_privilege(current_user, current_database(), 'create')
 union all
select 'create in schema public' where not has_schema_privilege(current_user, 'public', 'create')
 union all
select format('own %s (the owner is %s)', c.oid::regclass, c.relowner::regrole)
  from unnest($1::text[]) t (name)
  join pg_catalog.pg_class c on c.oid = to_regclass(t.name)
 where not pg_has_role(current_user, c.relowner, 'usage')
 union all
select format('see every row of %s (row level security)', c.oid::regclass)
  from unnest($1::text[]) t (name)
  join pg_catalog.pg_class c on c.oid = to_regclass(t.name)
 where c.relrowsecurity
   and not (select r.rolsuper or r.rolbypassrls from pg_catalog.pg_roles r where r.rolname = current_user)
   and (c.relforcerowsecurity or not pg_has_role(current_user, c.relowner, 'usage'))
 order by 1
