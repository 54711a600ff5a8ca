-- What hangs on the objects: defaults, NOT NULL, owners, row security, grants, comments, default
-- privileges. Columns as in relations.sql; "parent" is the object that it hangs on.
with
ns as (
  select n.oid, n.nspname, n.nspowner, n.nspacl from pg_catalog.pg_namespace n where n.nspname = any ($1)),
rel as (
  select c.*, c.oid::regclass::text as full_name, 'class ' || c.oid as key,
         case c.relkind when 'S' then 'sequence' when 'v' then 'view' when 'm' then 'materialized view' when 'i' then 'index'
                        when 'I' then 'index' else 'table' end as word
    from pg_catalog.pg_class c join ns on ns.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S', 'i', 'I')
     and not (ns.nspname = 'public' and c.relname = any ($2))
     and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')),
col as (
  select a.*, r.key || ' column ' || a.attnum as key, r.full_name as relation, r.relkind, r.relowner, quote_ident(a.attname) as name
    from rel r join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
   where r.relkind in ('r', 'p', 'f', 'v', 'm')),
fun as (
  select p.*, 'proc ' || p.oid as key, p.oid::regprocedure::text as full_name
    from pg_catalog.pg_proc p join ns on ns.oid = p.pronamespace
   where p.prokind <> 'a'
     and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')),
typ as (
  select t.*, 'type ' || t.oid as key, t.oid::regtype::text as full_name
    from pg_catalog.pg_type t join ns on ns.oid = t.typnamespace
   where (t.typtype in ('e', 'd') or (t.typtype = 'c' and (select c.relkind from pg_catalog.pg_class c where c.oid = t.typrelid) = 'c'))
     and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')),
-- class, id, column; key; words of COMMENT ON; owner and the words of ALTER; grants and the words of GRANT.
thing (class, id, sub, key, word, owner, alter_word, acl, grant_word, attribute) as (
  select 'pg_class'::regclass::oid, oid, 0, key, word || ' ' || full_name,
         case when relkind not in ('i', 'I', 'S') or (relkind = 'S' and not exists (
           select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = rel.oid
              and d.refclassid = 'pg_catalog.pg_class'::regclass and d.deptype in ('a', 'i'))) then relowner end,
         word || ' ' || full_name,
         case when relkind in ('i', 'I') then null
              else coalesce(relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner)) end,
         case relkind when 'S' then 'sequence ' else 'table ' end || full_name, ''
    from rel
  union all
  select 'pg_class'::regclass, attrelid, attnum, key, format('column %s.%s', relation, name), null, null, attacl, 'table ' || relation, format('(%s) ', name)
    from col
  union all
  select 'pg_proc'::regclass, oid, 0, key, 'routine ' || full_name, proowner, 'routine ' || full_name,
         coalesce(proacl, acldefault('f', proowner)), 'routine ' || full_name, ''
    from fun
  union all
  select 'pg_type'::regclass, oid, 0, key, 'type ' || full_name, typowner, 'type ' || full_name,
         coalesce(typacl, acldefault('T', typowner)), 'type ' || full_name, ''
    from typ
  union all
  select 'pg_namespace'::regclass, oid, 0, 'namespace ' || oid, format('schema %I', nspname), nspowner, format('schema %I', nspname),
         coalesce(nspacl, acldefault('n', nspowner)), format('schema %I', nspname), ''
    from ns
  union all
  select 'pg_constraint'::regclass, k.oid, 0, 'constraint ' || k.oid, format('constraint %I on %s', k.conname, r.full_name), null, null, null, null, null
    from rel r join pg_catalog.pg_constraint k on k.conrelid = r.oid where k.contype in ('c', 'f', 'p', 'u', 'x') and k.conparentid = 0
  union all
  select 'pg_trigger'::regclass, t.oid, 0, 'trigger ' || t.oid, format('trigger %I on %s', t.tgname, r.full_name), null, null, null, null, null
    from rel r join pg_catalog.pg_trigger t on t.tgrelid = r.oid where not t.tgisinternal and t.tgparentid = 0
  union all
  select 'pg_policy'::regclass, p.oid, 0, 'policy ' || p.oid, format('policy %I on %s', p.polname, r.full_name), null, null, null, null, null
    from rel r join pg_catalog.pg_policy p on p.polrelid = r.oid)
select 'default' as kind, c.key || ' default' as key, c.key as parent, format('default of column %s.%s', c.relation, c.name) as identity,
       c.relation, c.name, jsonb_build_object('expression', pg_get_expr(d.adbin, d.adrelid)) as facts,
       format('alter table %s alter column %s set default %s', c.relation, c.name, pg_get_expr(d.adbin, d.adrelid)) as make,
       format('alter table %s alter column %s drop default', c.relation, c.name) as remove
  from col c join pg_catalog.pg_attrdef d on d.adrelid = c.attrelid and d.adnum = c.attnum
 where c.attgenerated = ''
union all
select 'not null', c.key || ' not null', c.key, format('not null of column %s.%s', c.relation, c.name), c.relation, c.name, '{}',
       format('alter table %s alter column %s set not null', c.relation, c.name),
       format('alter table %s alter column %s drop not null', c.relation, c.name)
  from col c where c.attnotnull and c.relkind in ('r', 'p', 'f')
union all
select 'row security', r.key || ' row security', r.key, 'row security of ' || r.full_name, r.full_name, '',
       jsonb_build_object('on', r.relrowsecurity, 'forced', r.relforcerowsecurity),
       format('alter table %s %s row level security, %s row level security', r.full_name,
              case when r.relrowsecurity then 'enable' else 'disable' end, case when r.relforcerowsecurity then 'force' else 'no force' end),
       null
  from rel r where r.relkind in ('r', 'p')
union all
select 'owner', t.key || ' owner', t.key, 'owner of ' || t.alter_word, t.alter_word, '',
       jsonb_build_object('role', pg_get_userbyid(t.owner)),
       format('alter %s owner to %I', t.alter_word, pg_get_userbyid(t.owner)), null
  from thing t where t.owner is not null
union all
select 'grant', format('%s grant %s %s', t.key, g.grantee_name, g.privilege_type), t.key,
       format('grant %s %son %s to %s', lower(g.privilege_type), t.attribute, t.grant_word, g.grantee_name), t.grant_word, g.grantee_name,
       jsonb_build_object('grantable', g.is_grantable),
       format('grant %s %son %s to %s', g.privilege_type, t.attribute, t.grant_word, g.grantee_name)
       || case when g.is_grantable then ' with grant option'
               else format('; revoke grant option for %s %son %s from %s', g.privilege_type, t.attribute, t.grant_word, g.grantee_name) end,
       format('revoke %s %son %s from %s', g.privilege_type, t.attribute, t.grant_word, g.grantee_name)
  from thing t
  cross join lateral (
    select x.privilege_type, coalesce(quote_ident(r.rolname), 'public') as grantee_name, bool_or(x.is_grantable) as is_grantable
      from aclexplode(t.acl) x left join pg_catalog.pg_roles r on r.oid = x.grantee
     where x.grantee = 0 or r.oid is not null
     group by 1, 2) g
 where t.acl is not null
union all
select 'comment', t.key || ' comment', t.key, 'comment on ' || t.word, t.word, '',
       jsonb_build_object('text', d.description),
       format('comment on %s is %L', t.word, d.description), format('comment on %s is null', t.word)
  from thing t join pg_catalog.pg_description d on d.classoid = t.class and d.objoid = t.id and d.objsubid = t.sub
union all
select 'default privilege', format('default privilege %s %s %s %s %s', d.oid, d.defaclobjtype, d.defaclnamespace, g.grantee_name, g.privilege_type), null,
       format('default privilege of %I%s: %s on %s to %s', pg_get_userbyid(d.defaclrole), ' in ' || n.nspname, lower(g.privilege_type), w.word, g.grantee_name),
       w.word, g.grantee_name, jsonb_build_object('grantable', g.is_grantable),
       format('alter default privileges for role %I%s grant %s on %s to %s%s', pg_get_userbyid(d.defaclrole), ' in schema ' || quote_ident(n.nspname),
              g.privilege_type, w.word, g.grantee_name, case when g.is_grantable then ' with grant option' else '' end),
       format('alter default privileges for role %I%s revoke %s on %s from %s', pg_get_userbyid(d.defaclrole), ' in schema ' || quote_ident(n.nspname),
              g.privilege_type, w.word, g.grantee_name)
  from pg_catalog.pg_default_acl d
  left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
  cross join lateral (select case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions'
                                                  when 'T' then 'types' else 'schemas' end as word) w
  cross join lateral (
    select x.privilege_type, coalesce(quote_ident(r.rolname), 'public') as grantee_name, bool_or(x.is_grantable) as is_grantable
      from aclexplode(d.defaclacl) x left join pg_catalog.pg_roles r on r.oid = x.grantee
     where x.grantee = 0 or r.oid is not null
     group by 1, 2) g
 where d.defaclnamespace = 0 or d.defaclnamespace in (select oid from ns)
