-- Roles by name: the roles that one is a member of, however far; or that row-level security does not apply to it.
with recursive member (role, of) as (
  select m.member, m.roleid from pg_catalog.pg_auth_members m
  union
  select d.role, m.roleid from member d join pg_catalog.pg_auth_members m on m.member = d.of)
select coalesce(jsonb_object_agg(r.rolname,
         case when r.rolsuper or r.rolbypassrls then to_jsonb('all rows'::text)
              else coalesce((select jsonb_agg(o.rolname order by o.rolname)
                               from member d join pg_catalog.pg_roles o on o.oid = d.of
                              where d.role = r.oid), '[]') end), '{}')
  from pg_catalog.pg_roles r
 where r.rolname !~ '^pg_'
