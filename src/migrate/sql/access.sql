-- Who may read and write the relations of schema public: policies, row security, privileges. One digest per
-- relation.
with relations as (
  select c.oid, c.relname::text as name, c.relowner, c.relacl, c.relrowsecurity, c.relforcerowsecurity
    from pg_catalog.pg_class c
   where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
), facts as (
  select r.name, concat_ws(' ', 'security', r.relrowsecurity, r.relforcerowsecurity) as fact
    from relations r
  union all
  select r.name, concat_ws(' ', 'policy', p.polname, p.polcmd, p.polpermissive,
           (select string_agg(o::regrole::text, ',' order by o) from unnest(p.polroles) o),
           pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid))
    from relations r join pg_catalog.pg_policy p on p.polrelid = r.oid
  union all
  -- Privileges that were never changed are null and mean the same as the owner's.
  select r.name, concat_ws(' ', 'grant', g.grantee::regrole, g.privilege_type, g.is_grantable)
    from relations r, aclexplode(coalesce(r.relacl, acldefault('r', r.relowner))) g
  union all
  select r.name, concat_ws(' ', 'grant', a.attname, g.grantee::regrole, g.privilege_type, g.is_grantable)
    from relations r join pg_catalog.pg_attribute a on a.attrelid = r.oid and not a.attisdropped, aclexplode(a.attacl) g
)
select f.name, md5(string_agg(f.fact, E'\n' order by f.fact)) from facts f group by f.name
