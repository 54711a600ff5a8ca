-- Platform, part 1: the roles and schemas that a Supabase project has. Roles are cluster wide, so an
-- existing one keeps its attributes; only what is missing is made. New ones get the time limits of a hosted
-- project; a request's role brings its own, see db-hoisted-tx-settings.
-- Needs CREATEROLE, and for service_role (BYPASSRLS) a superuser, or on PostgreSQL 16 and newer a
-- role that has BYPASSRLS itself. Says so when it may not.

do $$
declare
  wanted record;
begin
  for wanted in
    select * from (values
      ('anon',                   'nologin noinherit', '3s'),
      ('authenticated',          'nologin noinherit', '8s'),
      ('service_role',           'nologin noinherit bypassrls', null),
      ('authenticator',          'login noinherit', '8s'),
      ('supabase_auth_admin',    'login noinherit createrole', null),
      ('supabase_storage_admin', 'login noinherit', null)) as w (name, options, statement_timeout)
  loop
    continue when exists (select from pg_catalog.pg_roles r where r.rolname = wanted.name);
    begin
      execute format('create role %I with %s', wanted.name, wanted.options);
      if wanted.statement_timeout is not null then
        execute format('alter role %I set statement_timeout = %L', wanted.name, wanted.statement_timeout);
      end if;
    exception
      when duplicate_object or unique_violation then
        null; -- another database of this cluster is being set up at the same moment
      when insufficient_privilege then
        raise exception 'role "%" is missing and % may not create it (%)', wanted.name, current_user, sqlerrm
          using errcode = 'insufficient_privilege',
                hint = format('As a superuser run: create role %I with %s;', wanted.name, wanted.options);
    end;
  end loop;
end $$;

-- Who may become whom. Granting twice only raises a notice, but it needs rights, so ask first.
do $$
declare
  pair record;
begin
  for pair in
    select m.member, g.granted
      from (values ('authenticator'), ('supabase_storage_admin')) m (member),
           (values ('anon'), ('authenticated'), ('service_role')) g (granted)
  loop
    if not exists (
      select from pg_catalog.pg_auth_members a
       where a.roleid = (select oid from pg_catalog.pg_roles where rolname = pair.granted)
         and a.member = (select oid from pg_catalog.pg_roles where rolname = pair.member))
    then
      execute format('grant %I to %I', pair.granted, pair.member);
    end if;
  end loop;
exception
  when unique_violation then
    null; -- as above: set up twice at the same moment
end $$;

do $$
declare
  name text;
begin
  foreach name in array array['auth', 'storage', 'extensions', 'private'] loop
    if to_regnamespace(name) is null then
      execute format('create schema %I', name);
    end if;
  end loop;
  -- On an existing project these usages are there, and the schemas belong to somebody else.
  foreach name in array array['public', 'auth', 'storage', 'extensions'] loop
    if not has_schema_privilege('anon', name, 'usage')
       or not has_schema_privilege('authenticated', name, 'usage')
       or not has_schema_privilege('service_role', name, 'usage')
    then
      execute format('grant usage on schema %I to anon, authenticated, service_role', name);
    end if;
  end loop;
end $$;

-- Trigger functions of the CRM run with the writer's rights and call helpers kept out of the API.
grant usage on schema private to authenticated, service_role;

-- Both are trusted extensions: CREATE on the database is enough.
create extension if not exists pgcrypto with schema extensions;
create extension if not exists citext with schema extensions;
