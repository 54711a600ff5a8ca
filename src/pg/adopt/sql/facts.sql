-- What an operator should know before the server runs on this database. A stranger's table may be missing,
-- so versions are read through query_to_xml, which is evaluated only where the table is.
with counted as (
  select count(*) as users,
         count(*) filter (where u.email_confirmed_at is null and u.phone_confirmed_at is null) as unconfirmed,
         count(*) filter (where u.banned_until > now()) as banned,
         count(*) filter (where coalesce(u.encrypted_password, '') <> ''
                            and u.encrypted_password !~ '^\$(2[abxy]?|argon2(i|id|d))\$') as unreadable,
         count(*) filter (where u.confirmation_token is null or u.recovery_token is null
                             or u.email_change is null or u.email_change_token_new is null) as null_tokens
    from auth.users u),
facts (place, name, value) as (
  select 1, 'PostgreSQL', current_setting('server_version')
  union all
  select 2, 'connected as', current_user
         || case when r.rolsuper then ', superuser' when r.rolbypassrls then ', bypasses row security'
                 else ', subject to row security: users and files stay hidden from the server' end
    from pg_catalog.pg_roles r where r.rolname = current_user
  union all
  select 3, 'auth schema version', coalesce(case when to_regclass('auth.schema_migrations') is not null then
    (xpath('//v/text()', query_to_xml('select max(version) as v from auth.schema_migrations', false, false, '')))[1]::text end,
    'made here')
  union all
  select 4, 'storage schema version', coalesce(case when to_regclass('storage.migrations') is not null then
    (xpath('//v/text()', query_to_xml('select max(id) as v from storage.migrations', false, false, '')))[1]::text end,
    'made here')
  union all
  select 5, 'users', c.users || ' (' || c.unconfirmed || ' unconfirmed, ' || c.banned || ' banned)' from counted c
  union all
  select 6, 'passwords that cannot be checked', c.unreadable || ': these users reset theirs' from counted c where c.unreadable > 0
  union all
  select 7, 'users with empty token columns', c.null_tokens || ' have NULL, read as empty' from counted c where c.null_tokens > 0
  union all
  select 8, 'triggers on auth.users', coalesce(string_agg(t.tgname, ', ' order by t.tgname), 'none')
    from pg_catalog.pg_trigger t where t.tgrelid = 'auth.users'::regclass and not t.tgisinternal
  union all
  select 9, 'sessions', count(*)::text from auth.sessions
  union all
  select 10, 'users with a second factor', count(distinct f.user_id)
         || ': they sign in without it, and policies that ask for aal2 refuse them'
    from auth.mfa_factors f where f.status = 'verified' having count(*) > 0
  union all
  select 11, 'buckets', count(*) || ' (' || count(*) filter (where b.public) || ' public)' from storage.buckets b
  union all
  select 12, 'files', count(*)::text from storage.objects
  union all
  select 13, 'guard against plain deletes of files', 'present'
   where to_regprocedure('storage.protect_delete()') is not null
  union all
  select 14, 'extensions', coalesce(string_agg(e.extname, ', ' order by e.extname), 'none')
    from pg_catalog.pg_extension e where e.extname in ('pg_net', 'http', 'pgcrypto', 'citext', 'pg_cron')
  union all
  select 15, 'application', case
    when to_regclass('public.opportunities') is not null then 'the CRM with opportunities'
    when to_regclass('public.deals') is not null then 'a CRM with deals; `oppbase migrate` carries it over'
    else 'none of the CRM''s tables' end)
select f.name, f.value from facts f order by f.place
