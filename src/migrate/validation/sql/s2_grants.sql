-- S2. What people may do, where the migration's own grants or the views it makes anew change it. A role that
-- has no privilege at all on a table has no part in the CRM yet.
with tables as (
  select c.oid, c.relname
    from pg_catalog.pg_class c
   where c.oid = any (array[to_regclass('public.companies'), to_regclass('public.contacts'), to_regclass('public.deals'),
                            to_regclass('public.tasks'), to_regclass('{contact_notes}'), to_regclass('{deal_notes}')]::oid[])),
views as (
  select c.oid, c.relowner, c.relacl, v.name
    from unnest(array['companies_summary', 'contacts_summary', 'activity_log']) v (name)
    join pg_catalog.pg_class c on c.oid = to_regclass('public.' || v.name)),
-- The cut-over makes views of these names, with the grants of the CRM's own roles and no others.
renamed as (
  select c.oid, c.relowner, c.relacl, c.relname
    from pg_catalog.pg_class c
   where c.oid = any (array[to_regclass('public.deals'), to_regclass('{deal_notes}')]::oid[])),
found (shown) as (
  select format('%s may not %s %I, and would be granted it', r.rolname, p.privilege, t.relname)
    from tables t
    cross join unnest(array['select', 'insert', 'update', 'delete']) p (privilege)
    join pg_catalog.pg_roles r on r.rolname in ('authenticated', 'service_role')
   where not pg_catalog.has_table_privilege(r.oid, t.oid, p.privilege)
     and pg_catalog.has_any_column_privilege(r.oid, t.oid, 'select, insert, update')
   union all
  select distinct format('%s on %I of %s would be lost', lower(a.privilege_type), v.name,
                         case when a.grantee = 0 then 'public' else a.grantee::regrole::text end)
    from views v
    cross join lateral pg_catalog.aclexplode(v.relacl) a
    left join pg_catalog.pg_roles r on r.oid = a.grantee
   where a.grantee <> v.relowner
     and coalesce(r.rolname, 'public') not in ('anon', 'authenticated', 'service_role', 'postgres')
   union all
  select distinct format('%s on %I of %s would be lost', lower(a.privilege_type), t.relname,
                         case when a.grantee = 0 then 'public' else a.grantee::regrole::text end)
    from renamed t
    cross join lateral (
      select x.grantee, x.privilege_type from pg_catalog.aclexplode(t.relacl) x
      union
      select x.grantee, x.privilege_type
        from pg_catalog.pg_attribute b
        cross join lateral pg_catalog.aclexplode(b.attacl) x
       where b.attrelid = t.oid and not b.attisdropped) a
    left join pg_catalog.pg_roles r on r.oid = a.grantee
   where a.grantee <> t.relowner
     and coalesce(r.rolname, 'public') not in ('anon', 'authenticated', 'service_role', 'postgres')
   union all
  select distinct format('privileges on columns of %I would be lost', v.name)
    from views v
    join pg_catalog.pg_attribute a on a.attrelid = v.oid and a.attacl is not null
   union all
  select distinct format('the comment on %I would be lost', v.name)
    from views v
    join pg_catalog.pg_description d on d.classoid = 'pg_catalog.pg_class'::regclass and d.objoid = v.oid)
select shown as item from found order by 1
