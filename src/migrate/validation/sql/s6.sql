-- S6. Rights that the role lacks. $1: the tables that the migration touches. Beyond schema public only what the
-- migration will really do is asked for: on a hosted project the schemas auth and storage belong to others, and
-- what is in them already stays as it is.
-- Names are looked up in the catalogue: `to_regclass` and its like fail for a role that may not use the schema.
with existing (name, oid) as (
  select n.nspname || '.' || c.relname, c.oid
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname in ('auth', 'storage', 'net')
   union all
  select format('%s.%s(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes)), p.oid
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace and n.nspname in ('auth', 'storage', 'net')
   union all
  select n.nspname || '.' || t.typname, t.oid
    from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace and n.nspname in ('auth', 'storage', 'net') and t.typtype = 'e'
), api (name) as (
  select r.rolname from pg_catalog.pg_roles r where r.rolname in ('anon', 'authenticated', 'service_role')
), uses (name) as (
  -- Schemas in which something is made.
  select 'private'
   union all
  select 'extensions'
   union all
  select 'auth'
   where exists (select from unnest(array['users', 'identities', 'sessions', 'refresh_tokens', 'one_time_tokens', 'flow_state',
                                          'mfa_factors', 'mfa_challenges', 'mfa_amr_claims', 'audit_log_entries', 'instances']) t
                  where 'auth.' || t <> all (select e.name from existing e))
      or exists (select from unnest(array['jwt', 'uid', 'role', 'email']) f
                  where format('auth.%s()', f) <> all (select e.name from existing e))
      or exists (select from unnest(array['aal_level', 'code_challenge_method', 'factor_type', 'factor_status',
                                          'one_time_token_type']) t
                  where 'auth.' || t <> all (select e.name from existing e))
   union all
  select 'storage'
   where 2 > (select count(*) from existing e where e.name in ('storage.buckets', 'storage.objects'))
      or exists (select from unnest(array['foldername(text)', 'filename(text)', 'extension(text)', 'operation()',
                                          'allow_any_operation(text[])', 'allow_only_operation(text)']) f
                  where 'storage.' || f <> all (select e.name from existing e))
   union all
  select 'net'
   where not exists (select from pg_catalog.pg_extension where extname = 'pg_net')
     and 'net.http_post(text, jsonb, jsonb, jsonb, integer)' <> all (select e.name from existing e)
), grants (schema, role) as (
  -- Usages that are given where they are missing.
  select s.name, a.name
    from (values ('public'), ('auth'), ('storage'), ('extensions'), ('private')) s (name), api a
   where to_regnamespace(s.name) is not null
     and not (s.name = 'private' and a.name = 'anon')
     and not has_schema_privilege(a.name, s.name, 'usage')
), altered (relation) as (
  select c.oid from existing e join pg_catalog.pg_class c using (oid)
   where e.name = 'storage.buckets' and not c.relrowsecurity
   union all
  select c.oid from existing e join pg_catalog.pg_class c using (oid)
   where e.name = 'storage.objects' and (not c.relrowsecurity or 3 > (select count(*) from pg_catalog.pg_policies p
               where p.schemaname = 'storage' and p.tablename = 'objects'
                 and p.policyname in ('Attachments 1mt4rzk_0', 'Attachments 1mt4rzk_1', 'Attachments 1mt4rzk_3')))
   union all
  select e.oid from existing e
   where e.name = 'net.http_request_queue' and not exists (select from pg_catalog.pg_extension where extname = 'pg_net')
)
select 'create schemas in this database' as item where not has_database_privilege(current_user, current_database(), 'create')
 union all
select 'create in schema public' where not has_schema_privilege(current_user, 'public', 'create')
 union all
select format('create in schema %I (the owner is %s)', n.nspname, n.nspowner::regrole)
  from uses u
  join pg_catalog.pg_namespace n on n.nspname = u.name
 where not has_schema_privilege(current_user, n.oid, 'create')
 union all
select format('grant usage on schema %I to %I (the owner is %s)', n.nspname, g.role, n.nspowner::regrole)
  from grants g
  join pg_catalog.pg_namespace n on n.nspname = g.schema
 where not pg_has_role(current_user, n.nspowner, 'usage')
   and not has_schema_privilege(current_user, n.oid, 'usage with grant option')
 union all
select format('own %s (the owner is %s)', c.oid::regclass, c.relowner::regrole)
  from altered a
  join pg_catalog.pg_class c on c.oid = a.relation
 where not pg_has_role(current_user, c.relowner, 'usage')
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
 union all
select 'let everybody execute the functions that it makes: alter default privileges grant execute on functions to public, until the migration is done'
  from pg_catalog.pg_default_acl d
 where d.defaclrole = current_user::regrole and d.defaclnamespace = 0 and d.defaclobjtype = 'f'
   and not exists (select from aclexplode(d.defaclacl) a where a.grantee = 0 and a.privilege_type = 'EXECUTE')
 order by 1
