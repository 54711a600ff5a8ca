-- Roles by name: the roles that one is a member of, however far, and whether their privileges are inherited, and one without
-- a name where row-level security does not apply to it; or that it is superuser.
with recursive direct (member, of, is_inherited) as (
  -- From PostgreSQL 16 on the membership says it, before the member.
  select m.member, m.roleid, coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, r.rolinherit)
    from pg_catalog.pg_auth_members m join pg_catalog.pg_roles r on r.oid = m.member),
member (role, of, is_inherited) as (
  select d.member, d.of, d.is_inherited from direct d
  union
  select m.role, d.of, m.is_inherited and d.is_inherited from member m join direct d on d.member = m.of)
select coalesce(jsonb_object_agg(r.rolname,
         case when r.rolsuper then to_jsonb('superuser'::text)
              else coalesce((select jsonb_agg(jsonb_build_array(l.name, l.is_inherited) order by l.name)
                               from (select ''::name as name, true as is_inherited where r.rolbypassrls
                                     union all
                                     select o.rolname as name, bool_or(m.is_inherited) as is_inherited
                                       from member m join pg_catalog.pg_roles o on o.oid = m.of
                                      where m.role = r.oid group by o.rolname) l), '[]') end), '{}')
  from pg_catalog.pg_roles r
 where r.rolname !~ '^pg_'
