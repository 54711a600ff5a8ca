-- The schemas auth and storage of a Supabase project of 2025 as a dump of it has them, and an application
-- with a table and a trigger on new users. Passwords are "correct horse", hashed by pgcrypto and argon2-cffi.

create schema auth;
create schema storage;
create schema extensions;
grant usage on schema auth, storage, public to anon, authenticated, service_role;

create type auth.aal_level as enum ('aal1', 'aal2', 'aal3');
create type auth.code_challenge_method as enum ('s256', 'plain');
create type auth.factor_type as enum ('totp', 'webauthn', 'phone');
create type auth.factor_status as enum ('unverified', 'verified');
create type auth.one_time_token_type as enum ('confirmation_token', 'reauthentication_token',
  'recovery_token', 'email_change_token_new', 'email_change_token_current', 'phone_change_token');

create table auth.users (
  instance_id uuid, id uuid primary key, aud varchar(255), role varchar(255), email varchar(255),
  encrypted_password varchar(255), email_confirmed_at timestamptz, invited_at timestamptz,
  confirmation_token varchar(255), confirmation_sent_at timestamptz, recovery_token varchar(255),
  recovery_sent_at timestamptz, email_change_token_new varchar(255), email_change varchar(255),
  email_change_sent_at timestamptz, last_sign_in_at timestamptz, raw_app_meta_data jsonb,
  raw_user_meta_data jsonb, is_super_admin boolean, created_at timestamptz, updated_at timestamptz,
  phone text default null unique, phone_confirmed_at timestamptz, phone_change text default '',
  phone_change_token varchar(255) default '', phone_change_sent_at timestamptz,
  confirmed_at timestamptz generated always as (least(email_confirmed_at, phone_confirmed_at)) stored,
  email_change_token_current varchar(255) default '', email_change_confirm_status smallint default 0
    check (email_change_confirm_status between 0 and 2),
  banned_until timestamptz, reauthentication_token varchar(255) default '',
  reauthentication_sent_at timestamptz, is_sso_user boolean not null default false,
  deleted_at timestamptz, is_anonymous boolean not null default false);
create unique index users_email_partial_key on auth.users (email) where is_sso_user = false;
create index users_instance_id_email_idx on auth.users (instance_id, lower(email));
create unique index confirmation_token_idx on auth.users (confirmation_token)
  where confirmation_token !~ '^[0-9 ]*$';
create unique index recovery_token_idx on auth.users (recovery_token) where recovery_token !~ '^[0-9 ]*$';

create table auth.identities (
  provider_id text not null, user_id uuid not null references auth.users on delete cascade,
  identity_data jsonb not null, provider text not null, last_sign_in_at timestamptz,
  created_at timestamptz, updated_at timestamptz,
  email text generated always as (lower(identity_data ->> 'email')) stored,
  id uuid primary key default gen_random_uuid(), unique (provider_id, provider));
create table auth.mfa_factors (
  id uuid primary key, user_id uuid not null references auth.users on delete cascade, friendly_name text,
  factor_type auth.factor_type not null, status auth.factor_status not null,
  created_at timestamptz not null, updated_at timestamptz not null, secret text, phone text,
  last_challenged_at timestamptz, web_authn_credential jsonb, web_authn_aaguid uuid);
create table auth.sessions (
  id uuid primary key, user_id uuid not null references auth.users on delete cascade,
  created_at timestamptz, updated_at timestamptz, factor_id uuid, aal auth.aal_level,
  not_after timestamptz, refreshed_at timestamp, user_agent text, ip inet, tag text, oauth_client_id uuid,
  refresh_token_hmac_key text, refresh_token_counter bigint, scopes text check (char_length(scopes) <= 4096));
create table auth.refresh_tokens (
  instance_id uuid, id bigserial primary key, token varchar(255) unique, user_id varchar(255),
  revoked boolean, created_at timestamptz, updated_at timestamptz, parent varchar(255),
  session_id uuid references auth.sessions on delete cascade);
create table auth.mfa_amr_claims (
  session_id uuid not null references auth.sessions on delete cascade, created_at timestamptz not null,
  updated_at timestamptz not null, authentication_method text not null, id uuid primary key,
  constraint mfa_amr_claims_session_id_authentication_method_pkey unique (session_id, authentication_method));
create table auth.mfa_challenges (
  id uuid primary key, factor_id uuid not null references auth.mfa_factors on delete cascade,
  created_at timestamptz not null, verified_at timestamptz, ip_address inet not null, otp_code text,
  web_authn_session_data jsonb);
create table auth.one_time_tokens (
  id uuid primary key, user_id uuid not null references auth.users on delete cascade,
  token_type auth.one_time_token_type not null, token_hash text not null check (char_length(token_hash) > 0),
  relates_to text not null, created_at timestamp not null default now(),
  updated_at timestamp not null default now());
create unique index one_time_tokens_user_id_token_type_key on auth.one_time_tokens (user_id, token_type);
create table auth.flow_state (
  id uuid primary key, user_id uuid, auth_code text not null,
  code_challenge_method auth.code_challenge_method not null, code_challenge text not null,
  provider_type text not null, provider_access_token text, provider_refresh_token text,
  created_at timestamptz, updated_at timestamptz, authentication_method text not null,
  auth_code_issued_at timestamptz);
create table auth.audit_log_entries (
  instance_id uuid, id uuid primary key, payload json, created_at timestamptz,
  ip_address varchar(64) not null default '');
create table auth.instances (id uuid primary key, uuid uuid, raw_base_config text, created_at timestamptz,
  updated_at timestamptz);
create table auth.schema_migrations (version varchar(255) primary key);
insert into auth.schema_migrations values ('20240729123726'), ('20250804100000');
alter table auth.users enable row level security;
alter table auth.sessions enable row level security;
alter table auth.refresh_tokens enable row level security;

create function auth.uid() returns uuid language sql stable as $$
  select coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
create function auth.role() returns text language sql stable as $$
  select coalesce(nullif(current_setting('request.jwt.claim.role', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role') $$;
create function auth.email() returns text language sql stable as $$
  select coalesce(nullif(current_setting('request.jwt.claim.email', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email') $$;
create function auth.jwt() returns jsonb language sql stable as $$
  select nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;

create type storage.buckettype as enum ('STANDARD', 'ANALYTICS');
create table storage.buckets (
  id text primary key, name text not null unique, owner uuid, created_at timestamptz default now(),
  updated_at timestamptz default now(), public boolean default false, avif_autodetection boolean default false,
  file_size_limit bigint, allowed_mime_types text[], owner_id text,
  type storage.buckettype not null default 'STANDARD');
create table storage.objects (
  id uuid primary key default gen_random_uuid(), bucket_id text references storage.buckets, name text,
  owner uuid, created_at timestamptz default now(), updated_at timestamptz default now(),
  last_accessed_at timestamptz default now(), metadata jsonb,
  path_tokens text[] generated always as (string_to_array(name, '/')) stored, version text, owner_id text,
  user_metadata jsonb, level integer);
create unique index bucketid_objname on storage.objects (bucket_id, name);
create table storage.migrations (id integer primary key, name varchar(100) unique not null,
  hash varchar(40) not null, executed_at timestamp default now());
alter table storage.buckets enable row level security;
alter table storage.objects enable row level security;
grant all on storage.buckets, storage.objects to anon, authenticated, service_role;
create function storage.foldername(name text) returns text[] language sql immutable as $$
  select (string_to_array(name, '/'))[1:array_length(string_to_array(name, '/'), 1) - 1] $$;
create function storage.protect_delete() returns trigger language plpgsql as $$
begin
  if coalesce(current_setting('storage.allow_delete_query', true), '') <> 'true' then
    raise exception 'Direct deletion is not allowed' using errcode = '42501';
  end if;
  return null;
end $$;
create trigger protect_objects_delete before delete on storage.objects
  for each statement execute function storage.protect_delete();
create policy "members read" on storage.objects for select to authenticated using (bucket_id = 'offers');

create table public.sales (
  id bigint generated by default as identity primary key, first_name text not null, last_name text not null,
  email text not null, administrator boolean not null, user_id uuid not null unique references auth.users);
alter table public.sales enable row level security;
create policy "members read" on public.sales for select to authenticated using (true);
grant all on public.sales to anon, authenticated, service_role;
create table public.deals (id bigint generated by default as identity primary key, name text not null);
create function public.handle_new_user() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into public.sales (first_name, last_name, email, user_id, administrator)
  values (new.raw_user_meta_data ->> 'first_name', new.raw_user_meta_data ->> 'last_name', new.email, new.id,
    not exists (select from public.sales));
  return new;
end $$;

insert into auth.users (instance_id, id, aud, role, email, encrypted_password, email_confirmed_at,
    banned_until, raw_app_meta_data, raw_user_meta_data, created_at, updated_at) values
  ('00000000-0000-0000-0000-000000000000', '11111111-0000-4000-8000-000000000001', 'authenticated',
   'authenticated', 'ann@example.com', '$2a$10$jmmzAKl/XgdfvE6zs.DXV.hNu4GK9.7DBi/z3oajpjl2.HJWulu46', '2024-01-02', null,
   '{"provider": "email", "providers": ["email"]}', '{"first_name": "Ann", "last_name": "Lee"}', '2024-01-01', '2024-01-01'),
  ('00000000-0000-0000-0000-000000000000', '11111111-0000-4000-8000-000000000002', 'authenticated',
   'authenticated', 'ben@example.com', '$2y$06$d4sYxZRe6fM5kABvyPLo6.8.nL.uhmXBXJkULcgHGgQfNMfT2Bxf2', '2024-01-02', null,
   '{"provider": "email", "providers": ["email"]}', '{}', '2024-01-01', '2024-01-01'),
  ('00000000-0000-0000-0000-000000000000', '11111111-0000-4000-8000-000000000003', 'authenticated',
   'authenticated', 'cho@example.com',
   '$argon2id$v=19$m=19456,t=2,p=1$T5DVrxaz7jcbTGzMMqQZXQ$DeelsvF2TVPdRQv0HRQ7dEXtO+tZO8bLQh7+MZLvxiU',
   '2024-01-02', null, '{"provider": "email", "providers": ["email"]}', '{}', '2024-01-01', '2024-01-01'),
  ('00000000-0000-0000-0000-000000000000', '11111111-0000-4000-8000-000000000004', 'authenticated',
   'authenticated', 'ban@example.com', '$2a$10$jmmzAKl/XgdfvE6zs.DXV.hNu4GK9.7DBi/z3oajpjl2.HJWulu46', '2024-01-02', '2999-01-01',
   '{"provider": "email", "providers": ["email"]}', '{}', '2024-01-01', '2024-01-01'),
  -- Came by another provider; has no password.
  ('00000000-0000-0000-0000-000000000000', '11111111-0000-4000-8000-000000000005', 'authenticated',
   'authenticated', 'dee@example.com', null, '2024-01-02', null,
   '{"provider": "google", "providers": ["google"]}', '{}', '2024-01-01', '2024-01-01'),
  -- Written by hand, as tutorials do: no instance, no metadata.
  (null, '11111111-0000-4000-8000-000000000006', 'authenticated', 'authenticated', 'eve@example.com',
   '$2a$06$d4sYxZRe6fM5kABvyPLo6.8.nL.uhmXBXJkULcgHGgQfNMfT2Bxf2', '2024-01-02', null, null, null, null, null);
insert into auth.identities (provider_id, user_id, identity_data, provider, created_at, updated_at)
  select case when email like 'dee%' then '1234567' else id::text end, id,
    jsonb_build_object('sub', id, 'email', email, 'email_verified', true),
    case when email like 'dee%' then 'google' else 'email' end, created_at, updated_at
  from auth.users where email not like 'eve%';
insert into auth.sessions (id, user_id, created_at, updated_at, aal, user_agent)
  values ('22222222-0000-4000-8000-000000000001', '11111111-0000-4000-8000-000000000001', now(), now(), 'aal1', 'phone');
-- A session with signed refresh tokens; the newest has the number 300.
insert into auth.sessions (id, user_id, created_at, updated_at, aal, refreshed_at, refresh_token_hmac_key,
    refresh_token_counter)
  values ('22222222-0000-4000-8000-000000000002', '11111111-0000-4000-8000-000000000002', now(), now(), 'aal1',
    now() at time zone 'utc' - interval '1 hour', 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8', 300);
insert into auth.mfa_factors (id, user_id, factor_type, status, created_at, updated_at)
  values (gen_random_uuid(), '11111111-0000-4000-8000-000000000003', 'totp', 'verified', now(), now());
insert into auth.mfa_amr_claims (session_id, created_at, updated_at, authentication_method, id)
  values ('22222222-0000-4000-8000-000000000001', now(), now(), 'password', gen_random_uuid());
insert into auth.refresh_tokens (instance_id, token, user_id, revoked, created_at, updated_at, session_id)
  values ('00000000-0000-0000-0000-000000000000', 'oldrefreshtk', '11111111-0000-4000-8000-000000000001', false,
    now(), now(), '22222222-0000-4000-8000-000000000001');
insert into public.sales (first_name, last_name, email, administrator, user_id)
  values ('Ann', 'Lee', 'ann@example.com', true, '11111111-0000-4000-8000-000000000001');
create trigger on_auth_user_created after insert on auth.users
  for each row execute function public.handle_new_user();

insert into storage.buckets (id, name, public) values ('attachments', 'attachments', true), ('offers', 'offers', false);
insert into storage.objects (bucket_id, name, owner, owner_id, version, metadata) values
  ('attachments', '0.4161275602.txt', '11111111-0000-4000-8000-000000000001',
   '11111111-0000-4000-8000-000000000001', '33333333-0000-4000-8000-000000000001',
   '{"eTag": "\"abc\"", "size": 12, "mimetype": "text/plain", "cacheControl": "max-age=3600",
     "lastModified": "2024-05-06T07:08:09.000Z", "contentLength": 12, "httpStatusCode": 200}'),
  ('offers', '2024/ten tons.txt', null, null, '33333333-0000-4000-8000-000000000002',
   '{"eTag": "\"def\"", "size": 8, "mimetype": "text/plain", "cacheControl": "no-cache",
     "lastModified": "2024-05-06T07:08:09.000Z", "contentLength": 8, "httpStatusCode": 200}');
