-- Who may read and write what a run sets rights on: schemas, relations, functions; policies, row security, owners,
-- privileges. One digest per thing, named as in src/migrate/touched_*.txt.
with spaces as (
  select n.oid, quote_ident(n.nspname) as name, n.nspowner, n.nspacl
    from pg_catalog.pg_namespace n where n.nspname in ('public', 'extensions', 'storage')
), relations as (
  select c.oid, s.name || '.' || quote_ident(c.relname) as name, c.relowner, c.relacl, c.relrowsecurity, c.relforcerowsecurity,
         case c.relkind when 'S' then 's' else 'r' end::"char" as kind
    from pg_catalog.pg_class c join spaces s on s.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
), functions as (
  select p.oid, s.name || '.' || quote_ident(p.proname) || '(' || replace(oidvectortypes(p.proargtypes), ', ', ',') || ')' as name,
         p.proowner, p.proacl
    from pg_catalog.pg_proc p join spaces s on s.oid = p.pronamespace
), facts as (
  select r.name, concat_ws(' ', 'security', r.relrowsecurity, r.relforcerowsecurity) as fact
    from relations r
  union all
  select r.name, concat_ws(' ', 'policy', p.polname, p.polcmd, p.polpermissive,
           (select string_agg(o::regrole::text, ',' order by o) from unnest(p.polroles) o),
           pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid))
    from relations r join pg_catalog.pg_policy p on p.polrelid = r.oid
  union all
  select t.name, concat_ws(' ', 'owner', t.owner::regrole)
    from (select name, relowner from relations union all select name, proowner from functions
          union all select name, nspowner from spaces) t (name, owner)
  union all
  -- Privileges that were never changed are null and mean the same as the owner's.
  select t.name, concat_ws(' ', 'grant', g.grantee::regrole, g.privilege_type, g.is_grantable)
    from (select name, coalesce(relacl, acldefault(kind, relowner)) from relations
          union all select name, coalesce(proacl, acldefault('f', proowner)) from functions
          union all select name, coalesce(nspacl, acldefault('n', nspowner)) from spaces) t (name, acl),
         aclexplode(t.acl) g
  union all
  select r.name, concat_ws(' ', 'grant', a.attname, g.grantee::regrole, g.privilege_type, g.is_grantable)
    from relations r join pg_catalog.pg_attribute a on a.attrelid = r.oid and not a.attisdropped, aclexplode(a.attacl) g
)
select f.name, md5(string_agg(f.fact, E'\n' order by f.fact)) from facts f group by f.name
