-- Whether grants and policies let the role ($1) do the verb ($3) on the relation ($2) at all.
select has_table_privilege(r.rolname, c.oid, $3)
       and (c.relkind <> 'r' or not c.relrowsecurity or r.rolbypassrls
            or exists (select from pg_catalog.pg_policy p
                        where p.polrelid = c.oid and (p.polroles = '{0}' or r.oid = any (p.polroles))
                          and p.polcmd in ('*', case $3 when 'select' then 'r' when 'insert' then 'a' when 'update' then 'w' else 'd' end)))
  from pg_catalog.pg_roles r, pg_catalog.pg_class c
 where r.rolname = $1 and c.oid = to_regclass($2)
