-- S2. What people may do, where the migration's own grants or the views it makes anew change it. A role of the
-- platform that has no privilege on any of the tables has no part in the CRM yet. What a site's own roles read, on the old names
-- and on the views, what they write of the notes of deals, and the comments there are carried over
-- (grants_before.sql). That they may write deals is not: the new schema's rules ask for stages, settings and rows of
-- other tables and write into such with the writer's rights, so the role would need to read more than it may. Nor are
-- privileges on single columns of the old names: a view that runs with the caller's rights asks for all that it reads.
with tables as (
  select c.oid, c.relname, c.relowner, c.relacl,
         c.oid = any (array[to_regclass('public.deals'), to_regclass('{deal_notes}')]::oid[]) as is_renamed,
         c.oid = to_regclass('{deal_notes}') as is_notes,
         c.oid = any (array[to_regclass('public.companies'), to_regclass('public.contacts')]::oid[]) as is_ruled
    from pg_catalog.pg_class c
   where c.oid = any (array[to_regclass('public.companies'), to_regclass('public.contacts'), to_regclass('public.deals'),
                            to_regclass('public.tasks'), to_regclass('{contact_notes}'), to_regclass('{deal_notes}')]::oid[])),
views as (
  select c.oid, c.relowner, c.relacl, v.name, coalesce(c.reloptions::text ~* 'security_invoker=(on|true|1|yes)', false) as is_invokers
    from unnest(array['companies_summary', 'contacts_summary', 'activity_log']) v (name)
    join pg_catalog.pg_class c on c.oid = to_regclass('public.' || v.name)),
platform (role) as (
  values ('anon'), ('authenticated'), ('service_role'), ('postgres')),
-- Of everybody but the owner and the platform's roles; 'public' is everybody.
granted as (
  select t.relname, t.is_renamed, t.is_notes, t.is_ruled, lower(x.privilege_type) as privilege, coalesce(r.rolname, 'public') as role,
         bool_or(x.is_whole) as is_whole
    from tables t
    cross join lateral (
      select y.grantee, y.privilege_type, true as is_whole from pg_catalog.aclexplode(t.relacl) y
      union all
      select y.grantee, y.privilege_type, false
        from pg_catalog.pg_attribute a
        cross join lateral pg_catalog.aclexplode(a.attacl) y
       where a.attrelid = t.oid and not a.attisdropped) x
    left join pg_catalog.pg_roles r on r.oid = x.grantee
   where x.grantee <> t.relowner and coalesce(r.rolname, 'public') not in (select role from platform)
   group by 1, 2, 3, 4, 5, 6),
-- The platform's roles that the CRM is served to: before anybody has signed in nothing of the tables is.
served (role) as (
  select r.rolname from pg_catalog.pg_roles r
   where r.rolname in ('authenticated', 'service_role')
     and exists (select from tables t where pg_catalog.has_any_column_privilege(r.oid, t.oid, 'select, insert, update'))
  union all
  select r.rolname from pg_catalog.pg_roles r
   where r.rolname = 'anon' and exists (select from pg_catalog.pg_roles a join tables t on pg_catalog.has_any_column_privilege(a.oid, t.oid, 'select')
                                         where a.rolname = 'authenticated')),
given (relation, role, privileges) as (
  select t.oid, r.role, array['select', 'insert', 'update', 'delete'] from tables t, (values ('authenticated'), ('service_role')) r (role)
  union all
  -- What the migration does not touch, or makes anew, but for the privileges that it gives.
  select c.oid, w.role, w.privileges
    from (values ('tags', 'authenticated', array['select', 'insert', 'update', 'delete']), ('sales', 'authenticated', array['select']),
                 ('configuration', 'authenticated', array['select', 'insert', 'update']), ('configuration', 'anon', array['select']),
                 ('favicons_excluded_domains', 'authenticated', array['select', 'insert', 'update', 'delete']),
                 ('companies_summary', 'authenticated', array['select']), ('contacts_summary', 'authenticated', array['select']),
                 ('activity_log', 'authenticated', array['select']),
                 ('init_state', 'anon', array['select']), ('init_state', 'authenticated', array['select'])) w (name, role, privileges)
    join pg_catalog.pg_class c on c.oid = to_regclass('public.' || w.name)),
found (shown) as (
  select format('%s may not %s %I, and would be granted it', s.role, p.privilege, c.relname)
    from given g
    join served s using (role)
    join pg_catalog.pg_class c on c.oid = g.relation
    cross join unnest(g.privileges) p (privilege)
   where not pg_catalog.has_table_privilege(s.role, c.oid, p.privilege)
  union all
  select format('%s may not use schema public, and would be granted it', s.role)
    from served s
   where not pg_catalog.has_schema_privilege(s.role, 'public', 'usage')
  union all
  select format('%s on %I of %s would be lost', g.privilege, g.relname, g.role)
    from granted g
   where g.role = 'public'
      or g.is_renamed and (g.privilege = 'truncate'
                        or g.privilege in ('insert', 'update', 'delete') and not (coalesce(g.is_notes, false) and g.is_whole)
                        or g.privilege = 'select' and not g.is_whole)
   union all
  select format('%s on %I of %s would be refused', g.privilege, g.relname, g.role)
    from granted g
   where g.role <> 'public' and g.is_ruled and g.privilege in ('insert', 'update', 'delete')
   union all
  select distinct case when a.grantee = 0 then format('%s on %I of public would be lost', lower(a.privilege_type), v.name)
                       else format('%s on %I of %s would be bound to its own privileges on the tables',
                                   lower(a.privilege_type), v.name, r.rolname) end
    from views v
    cross join lateral pg_catalog.aclexplode(v.relacl) a
    left join pg_catalog.pg_roles r on r.oid = a.grantee
   where a.grantee <> v.relowner and (a.grantee = 0 or r.oid is not null and not v.is_invokers)
     and coalesce(r.rolname, 'public') not in (select role from platform)
   union all
  select distinct format('privileges on columns of %I of %s would be lost', v.name, coalesce(r.rolname, 'public'))
    from views v
    join pg_catalog.pg_attribute a on a.attrelid = v.oid
    cross join lateral pg_catalog.aclexplode(a.attacl) x
    left join pg_catalog.pg_roles r on r.oid = x.grantee
   where x.grantee = 0 or r.rolname in (select role from platform) and r.oid <> v.relowner)
select shown as item from found order by 1
