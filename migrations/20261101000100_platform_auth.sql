-- Platform, part 2: schema auth, in the shape of Supabase's, so that rows of an existing project can
-- be read and a later GoTrue could take over. Each object is made only when it is missing; an
-- existing one is never altered.

-- What is here already stays as it is, its owner and row security included: remember it.
select set_config('platform.auth_before',
                  coalesce((select string_agg(c.relname, ',') from pg_catalog.pg_class c
                             where c.relnamespace = 'auth'::regnamespace), ''), true),
       set_config('platform.auth_functions_before',
                  coalesce((select string_agg(p.proname, ',') from pg_catalog.pg_proc p
                             where p.pronamespace = 'auth'::regnamespace), ''), true);

do $$
begin
  if to_regtype('auth.aal_level') is null then
    create type auth.aal_level as enum ('aal1', 'aal2', 'aal3');
  end if;
  if to_regtype('auth.code_challenge_method') is null then
    create type auth.code_challenge_method as enum ('s256', 'plain');
  end if;
  if to_regtype('auth.factor_type') is null then
    create type auth.factor_type as enum ('totp', 'webauthn', 'phone');
  end if;
  if to_regtype('auth.factor_status') is null then
    create type auth.factor_status as enum ('unverified', 'verified');
  end if;
  if to_regtype('auth.one_time_token_type') is null then
    create type auth.one_time_token_type as enum (
      'confirmation_token', 'reauthentication_token', 'recovery_token',
      'email_change_token_new', 'email_change_token_current', 'phone_change_token');
  end if;
end $$;

do $$
begin
  if to_regclass('auth.users') is not null then
    return;
  end if;
  create table auth.users (
    instance_id                 uuid,
    id                          uuid primary key,
    aud                         varchar(255),
    role                        varchar(255),
    email                       varchar(255),
    encrypted_password          varchar(255),
    email_confirmed_at          timestamptz,
    invited_at                  timestamptz,
    confirmation_token          varchar(255),
    confirmation_sent_at        timestamptz,
    recovery_token              varchar(255),
    recovery_sent_at            timestamptz,
    email_change_token_new      varchar(255),
    email_change                varchar(255),
    email_change_sent_at        timestamptz,
    last_sign_in_at             timestamptz,
    raw_app_meta_data           jsonb,
    raw_user_meta_data          jsonb,
    is_super_admin              boolean,
    created_at                  timestamptz,
    updated_at                  timestamptz,
    phone                       text unique,
    phone_confirmed_at          timestamptz,
    phone_change                text default '',
    phone_change_token          varchar(255) default '',
    phone_change_sent_at        timestamptz,
    confirmed_at                timestamptz generated always as (least(email_confirmed_at, phone_confirmed_at)) stored,
    email_change_token_current  varchar(255) default '',
    email_change_confirm_status smallint default 0,
    banned_until                timestamptz,
    reauthentication_token      varchar(255) default '',
    reauthentication_sent_at    timestamptz,
    is_sso_user                 boolean not null default false,
    deleted_at                  timestamptz,
    is_anonymous                boolean not null default false,
    constraint users_email_change_confirm_status_check check (email_change_confirm_status between 0 and 2)
  );
  create unique index users_email_partial_key on auth.users (email) where not is_sso_user;
  create index users_instance_id_email_idx on auth.users (instance_id, lower(email));
  create index users_instance_id_idx on auth.users (instance_id);
  create index users_is_anonymous_idx on auth.users (is_anonymous);
  -- Purely numeric codes may repeat; hashed tokens may not.
  create unique index confirmation_token_idx on auth.users (confirmation_token) where confirmation_token !~ '^[0-9 ]*$';
  create unique index recovery_token_idx on auth.users (recovery_token) where recovery_token !~ '^[0-9 ]*$';
  create unique index email_change_token_new_idx on auth.users (email_change_token_new) where email_change_token_new !~ '^[0-9 ]*$';
  create unique index email_change_token_current_idx on auth.users (email_change_token_current) where email_change_token_current !~ '^[0-9 ]*$';
  create unique index reauthentication_token_idx on auth.users (reauthentication_token) where reauthentication_token !~ '^[0-9 ]*$';
end $$;

do $$
begin
  if to_regclass('auth.identities') is null then
    create table auth.identities (
      provider_id     text not null,
      user_id         uuid not null references auth.users (id) on delete cascade,
      identity_data   jsonb not null,
      provider        text not null,
      last_sign_in_at timestamptz,
      created_at      timestamptz,
      updated_at      timestamptz,
      email           text generated always as (lower(identity_data ->> 'email')) stored,
      id              uuid primary key default gen_random_uuid(),
      constraint identities_provider_id_provider_unique unique (provider_id, provider)
    );
    create index identities_email_idx on auth.identities (email text_pattern_ops);
    create index identities_user_id_idx on auth.identities (user_id);
  end if;
  if to_regclass('auth.sessions') is null then
    create table auth.sessions (
      id                     uuid primary key,
      user_id                uuid not null references auth.users (id) on delete cascade,
      created_at             timestamptz,
      updated_at             timestamptz,
      factor_id              uuid,
      aal                    auth.aal_level,
      not_after              timestamptz,
      refreshed_at           timestamp,
      user_agent             text,
      ip                     inet,
      tag                    text,
      oauth_client_id        uuid,
      refresh_token_hmac_key text,
      refresh_token_counter  bigint,
      scopes                 text,
      constraint sessions_scopes_length check (char_length(scopes) <= 4096)
    );
    create index sessions_user_id_idx on auth.sessions (user_id);
    create index sessions_not_after_idx on auth.sessions (not_after desc);
    create index user_id_created_at_idx on auth.sessions (user_id, created_at);
  end if;
  if to_regclass('auth.refresh_tokens') is null then
    create table auth.refresh_tokens (
      instance_id uuid,
      id          bigserial primary key,
      token       varchar(255) constraint refresh_tokens_token_unique unique,
      user_id     varchar(255),
      revoked     boolean,
      created_at  timestamptz,
      updated_at  timestamptz,
      parent      varchar(255),
      session_id  uuid references auth.sessions (id) on delete cascade
    );
    create index refresh_tokens_instance_id_user_id_idx on auth.refresh_tokens (instance_id, user_id);
    create index refresh_tokens_parent_idx on auth.refresh_tokens (parent);
    create index refresh_tokens_session_id_revoked_idx on auth.refresh_tokens (session_id, revoked);
    create index refresh_tokens_updated_at_idx on auth.refresh_tokens (updated_at desc);
  end if;
  if to_regclass('auth.one_time_tokens') is null then
    create table auth.one_time_tokens (
      id         uuid primary key,
      user_id    uuid not null references auth.users (id) on delete cascade,
      token_type auth.one_time_token_type not null,
      token_hash text not null check (char_length(token_hash) > 0),
      relates_to text not null,
      created_at timestamp not null default now(),
      updated_at timestamp not null default now()
    );
    create unique index one_time_tokens_user_id_token_type_key on auth.one_time_tokens (user_id, token_type);
    create index one_time_tokens_token_hash_hash_idx on auth.one_time_tokens using hash (token_hash);
    create index one_time_tokens_relates_to_hash_idx on auth.one_time_tokens using hash (relates_to);
  end if;
end $$;

do $$
begin
  if to_regclass('auth.flow_state') is null then
    create table auth.flow_state (
      id                     uuid primary key,
      user_id                uuid,
      auth_code              text,
      code_challenge_method  auth.code_challenge_method,
      code_challenge         text,
      provider_type          text not null,
      provider_access_token  text,
      provider_refresh_token text,
      created_at             timestamptz,
      updated_at             timestamptz,
      authentication_method  text not null,
      auth_code_issued_at    timestamptz,
      invite_token           text,
      referrer               text,
      oauth_client_state_id  uuid,
      linking_target_id      uuid,
      email_optional         boolean not null default false
    );
    create index idx_auth_code on auth.flow_state (auth_code);
    create index idx_user_id_auth_method on auth.flow_state (user_id, authentication_method);
    create index flow_state_created_at_idx on auth.flow_state (created_at desc);
  end if;
  if to_regclass('auth.mfa_factors') is null then
    create table auth.mfa_factors (
      id                   uuid primary key,
      user_id              uuid not null references auth.users (id) on delete cascade,
      friendly_name        text,
      factor_type          auth.factor_type not null,
      status               auth.factor_status not null,
      created_at           timestamptz not null,
      updated_at           timestamptz not null,
      secret               text,
      phone                text,
      last_challenged_at   timestamptz unique,
      web_authn_credential jsonb,
      web_authn_aaguid     uuid
    );
    create index mfa_factors_user_id_idx on auth.mfa_factors (user_id);
  end if;
  if to_regclass('auth.mfa_challenges') is null then
    create table auth.mfa_challenges (
      id                     uuid primary key,
      factor_id              uuid not null references auth.mfa_factors (id) on delete cascade,
      created_at             timestamptz not null,
      verified_at            timestamptz,
      ip_address             inet not null,
      otp_code               text,
      web_authn_session_data jsonb
    );
  end if;
  if to_regclass('auth.mfa_amr_claims') is null then
    create table auth.mfa_amr_claims (
      session_id            uuid not null references auth.sessions (id) on delete cascade,
      created_at            timestamptz not null,
      updated_at            timestamptz not null,
      authentication_method text not null,
      id                    uuid constraint amr_id_pk primary key,
      constraint mfa_amr_claims_session_id_authentication_method_pkey unique (session_id, authentication_method)
    );
  end if;
  if to_regclass('auth.audit_log_entries') is null then
    create table auth.audit_log_entries (
      instance_id uuid,
      id          uuid primary key,
      payload     json,
      created_at  timestamptz,
      ip_address  varchar(64) not null default ''
    );
    create index audit_logs_instance_id_idx on auth.audit_log_entries (instance_id);
  end if;
  if to_regclass('auth.instances') is null then
    create table auth.instances (
      id              uuid primary key,
      uuid            uuid,
      raw_base_config text,
      created_at      timestamptz,
      updated_at      timestamptz
    );
  end if;
end $$;

-- The helpers that policies call: first the old one-claim setting, then the claims as one JSON text;
-- an empty setting is none.
do $outer$
begin
  if to_regprocedure('auth.jwt()') is null then
    create function auth.jwt() returns jsonb language sql stable as $$
      select coalesce(nullif(current_setting('request.jwt.claim', true), ''),
                      nullif(current_setting('request.jwt.claims', true), ''))::jsonb
    $$;
  end if;
  if to_regprocedure('auth.uid()') is null then
    create function auth.uid() returns uuid language sql stable as $$
      select nullif(coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''),
                             nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'), '')::uuid
    $$;
  end if;
  if to_regprocedure('auth.role()') is null then
    create function auth.role() returns text language sql stable as $$
      select nullif(coalesce(nullif(current_setting('request.jwt.claim.role', true), ''),
                             nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'), '')
    $$;
  end if;
  if to_regprocedure('auth.email()') is null then
    create function auth.email() returns text language sql stable as $$
      select nullif(coalesce(nullif(current_setting('request.jwt.claim.email', true), ''),
                             nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'), '')
    $$;
  end if;
end $outer$;

-- Row security without policies: nobody but the owner and those who bypass it. Only on tables that
-- this file made.
do $$
declare
  t record;
begin
  for t in
    select c.oid::regclass as name
      from pg_catalog.pg_class c
     where c.relnamespace = 'auth'::regnamespace and c.relkind = 'r'
       and c.relname <> all (string_to_array(current_setting('platform.auth_before'), ','))
  loop
    execute format('alter table %s enable row level security', t.name);
  end loop;
end $$;

-- As in a hosted project the two service roles own what this set-up made. Only a superuser can give
-- things away without becoming a member of the receiver; for others their own role stays the owner.
do $$
declare
  t record;
begin
  if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
    return;
  end if;
  for t in
    select format('alter table %s owner to supabase_auth_admin', c.oid::regclass) as command
      from pg_catalog.pg_class c
     where c.relnamespace = 'auth'::regnamespace and c.relkind = 'r'
       and c.relname <> all (string_to_array(current_setting('platform.auth_before'), ','))
    union all
    select format('alter function %s owner to supabase_auth_admin', p.oid::regprocedure)
      from pg_catalog.pg_proc p
     where p.pronamespace = 'auth'::regnamespace
       and p.proname <> all (string_to_array(current_setting('platform.auth_functions_before'), ','))
  loop
    execute t.command;
  end loop;
  if current_setting('platform.auth_before') = '' then
    grant usage, create on schema auth to supabase_auth_admin;
  end if;
end $$;
