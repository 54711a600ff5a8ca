-- Platform, part 3: schema storage, in the shape of Supabase's. Made only when missing. The bytes are
-- elsewhere; these tables say what there is and, through row security, who may touch it.

-- What is here already stays as it is, its owner and row security included: remember it.
select set_config('platform.storage_before',
                  coalesce((select string_agg(c.relname, ',') from pg_catalog.pg_class c
                             where c.relnamespace = 'storage'::regnamespace), ''), true),
       set_config('platform.storage_functions_before',
                  coalesce((select string_agg(p.proname, ',') from pg_catalog.pg_proc p
                             where p.pronamespace = 'storage'::regnamespace), ''), true);

do $$
begin
  if to_regclass('storage.buckets') is null then
    create table storage.buckets (
      id                 text primary key,
      name               text not null,
      owner              uuid,
      created_at         timestamptz default now(),
      updated_at         timestamptz default now(),
      public             boolean default false,
      avif_autodetection boolean default false,
      file_size_limit    bigint,
      allowed_mime_types text[],
      owner_id           text
    );
    create unique index bname on storage.buckets (name);
    alter table storage.buckets enable row level security;
    grant select, insert, update, delete on storage.buckets to authenticated, service_role;
    grant select on storage.buckets to anon;
  end if;
  if to_regclass('storage.objects') is null then
    create table storage.objects (
      id               uuid primary key default gen_random_uuid(),
      bucket_id        text,
      name             text,
      owner            uuid,
      created_at       timestamptz default now(),
      updated_at       timestamptz default now(),
      last_accessed_at timestamptz default now(),
      metadata         jsonb,
      path_tokens      text[] generated always as (string_to_array(name, '/')) stored,
      version          text,
      owner_id         text,
      user_metadata    jsonb,
      constraint "objects_bucketId_fkey" foreign key (bucket_id) references storage.buckets (id)
    );
    create unique index bucketid_objname on storage.objects (bucket_id, name);
    create index name_prefix_search on storage.objects (name text_pattern_ops);
    alter table storage.objects enable row level security;
    grant select, insert, update, delete on storage.objects to authenticated, service_role;
    grant select on storage.objects to anon;
    create function storage.update_updated_at_column() returns trigger
    language plpgsql set search_path = '' as $fn$
    begin
      new.updated_at := now();
      return new;
    end $fn$;
    create trigger update_objects_updated_at before update on storage.objects
      for each row execute function storage.update_updated_at_column();
  end if;
end $$;

-- Helpers for policies: the parts of a path, and the operation that is under way.
do $outer$
begin
  if to_regprocedure('storage.foldername(text)') is null then
    create function storage.foldername(name text) returns text[] language sql immutable as $$
      select coalesce((string_to_array(name, '/'))[1 : array_length(string_to_array(name, '/'), 1) - 1], '{}')
    $$;
  end if;
  if to_regprocedure('storage.filename(text)') is null then
    create function storage.filename(name text) returns text language sql immutable as $$
      select (string_to_array(name, '/'))[array_length(string_to_array(name, '/'), 1)]
    $$;
  end if;
  if to_regprocedure('storage.extension(text)') is null then
    create function storage.extension(name text) returns text language sql immutable as $$
      select coalesce(substring(storage.filename(name) from '\.([^.]*)$'), '')
    $$;
  end if;
  if to_regprocedure('storage.operation()') is null then
    create function storage.operation() returns text language sql stable as $$
      select current_setting('storage.operation', true)
    $$;
  end if;
  -- Operation names are accepted with and without their "storage." prefix.
  if to_regprocedure('storage.allow_any_operation(text[])') is null then
    create function storage.allow_any_operation(expected_operations text[]) returns boolean language sql stable as $$
      select coalesce(regexp_replace(storage.operation(), '^storage\.', '') = any (
               select regexp_replace(e, '^storage\.', '') from unnest(expected_operations) e), false)
    $$;
  end if;
  if to_regprocedure('storage.allow_only_operation(text)') is null then
    create function storage.allow_only_operation(expected_operation text) returns boolean language sql stable as $$
      select storage.allow_any_operation(array[expected_operation])
    $$;
  end if;
end $outer$;

do $$
declare
  t record;
begin
  if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
    return;
  end if;
  for t in
    select format('alter table %s owner to supabase_storage_admin', c.oid::regclass) as command
      from pg_catalog.pg_class c
     where c.relnamespace = 'storage'::regnamespace and c.relkind = 'r'
       and c.relname <> all (string_to_array(current_setting('platform.storage_before'), ','))
    union all
    select format('alter function %s owner to supabase_storage_admin', p.oid::regprocedure)
      from pg_catalog.pg_proc p
     where p.pronamespace = 'storage'::regnamespace
       and p.proname <> all (string_to_array(current_setting('platform.storage_functions_before'), ','))
  loop
    execute t.command;
  end loop;
  if current_setting('platform.storage_before') = '' then
    grant usage, create on schema storage to supabase_storage_admin;
  end if;
end $$;
