-- Phase 1.1: what the triggers ask about stages. The words come from the generated functions; here are
-- the site's own settings: the operator's map and, where there is one, the configuration row.

create table private.stage_map (
  word  text primary key,
  stage public.opportunity_stage not null
);
comment on table private.stage_map is 'The operator''s stage map: a normalised old text and the stage it means. Wins over the built-in table.';
alter table private.stage_map enable row level security;
create policy "Everybody signed in may look words up" on private.stage_map for select to authenticated using (true);
grant select on private.stage_map to authenticated, service_role;

-- The old board's columns, as configured; the built-in six when nothing is.
create function private.configured_deal_stages() returns text[]
language plpgsql stable set search_path = '' as $$
declare
  configured jsonb;
  words text[];
begin
  if to_regclass('public.configuration') is not null then
    select c.config -> 'dealStages' into configured from public.configuration c where c.id = 1;
    if jsonb_typeof(configured) = 'array' then
      select array_agg(e.entry ->> 'value' order by e.place) into words
        from jsonb_array_elements(configured) with ordinality e (entry, place)
       where e.entry ->> 'value' is not null;
    end if;
  end if;
  return coalesce(words, private.default_deal_stages());
end $$;

-- Old text -> stage: the operator's map, the table, the texts configured as won, else lead.
create function private.stage_forward(legacy text) returns public.opportunity_stage
language plpgsql stable set search_path = '' as $$
#variable_conflict use_variable
declare
  found public.opportunity_stage;
  is_won boolean;
begin
  select m.stage into found from private.stage_map m where m.word = private.stage_word(legacy);
  found := coalesce(found, private.stage_of_word(legacy));
  if found is null and to_regclass('public.configuration') is not null then
    select c.config -> 'dealPipelineStatuses' ? legacy into is_won from public.configuration c where c.id = 1;
    if is_won then
      found := 'closed_won';
    end if;
  end if;
  return coalesce(found, private.default_stage());
end $$;

-- Stage -> old text. A board cannot show a text it does not know, so a site with its own list gets the
-- first of its words that means this stage, or its first word.
create function private.stage_reverse(stage public.opportunity_stage) returns text
language plpgsql stable set search_path = '' as $$
declare
  usual text := private.stage_to_word(stage);
  configured text[] := private.configured_deal_stages();
begin
  if usual = any (configured) then
    return usual;
  end if;
  return coalesce(
    (select u.word from unnest(configured) with ordinality u (word, place)
      where private.stage_forward(u.word) = $1 order by u.place limit 1),
    configured[1], usual);
end $$;

-- Whether the text may stay beside the stage. A text shared by several stages fits all of them.
create function private.stage_fits(legacy text, stage public.opportunity_stage) returns boolean
language plpgsql stable set search_path = '' as $$
begin
  return private.stage_forward(legacy) = stage
      or (private.stage_is_lossy(stage) and private.stage_word(legacy) = private.stage_to_word(stage));
end $$;

-- Search input of one row, cut so that no vector passes PostgreSQL's limit of 1 MB.
create function private.search_vector(names text, texts text) returns tsvector
language sql immutable parallel safe set search_path = '' as $$
  select setweight(to_tsvector('pg_catalog.simple', left(coalesce(names, ''), 20000)), 'A')
      || setweight(to_tsvector('pg_catalog.english',
           left(concat_ws(' ', left(names, 20000), texts), 200000 - length(left(coalesce(names, ''), 20000)))), 'B')
$$;

create function private.email_text(emails jsonb) returns text
language sql immutable parallel safe set search_path = '' as $$
  select jsonb_path_query_array(emails, '$[*].email')::text
$$;

-- While a migration fills columns in batches its own triggers keep quiet. What every write asks is an
-- expression whose names were resolved when it was made, so it needs no search path of its own: PostgreSQL
-- makes it part of the caller, which costs a tenth of a call.
create function private.is_backfill() returns boolean
language sql stable parallel safe
return coalesce(current_setting('migration.backfill', true), '') = 'on';

-- Files named backfill carry rows over between these two keys, both included: all rows, unless the migration
-- of a CRM in use asks for a part.
create function private.batch_low() returns bigint
language sql stable parallel safe set search_path = '' as $$
  select coalesce(nullif(current_setting('migration.low', true), ''), '-9223372036854775808')::bigint
$$;
create function private.batch_high() returns bigint
language sql stable parallel safe set search_path = '' as $$
  select coalesce(nullif(current_setting('migration.high', true), ''), '9223372036854775807')::bigint
$$;
-- Rows that changed meanwhile are carried over again by a list of their keys: the same statements, with
-- "= any (private.batch_keys())" in place of the range.
create function private.batch_keys() returns bigint[]
language sql stable parallel safe set search_path = '' as $$
  select coalesce(nullif(current_setting('migration.keys', true), ''), '{}')::bigint[]
$$;

-- Where a row names no moment of its own. A migration that goes on after an interruption keeps its first.
create function private.migration_moment() returns timestamptz
language sql stable parallel safe set search_path = '' as $$
  select coalesce(nullif(current_setting('migration.moment', true), '')::timestamptz, now())
$$;

-- Other people's triggers look for pictures over the network, or set updated_at. They are off for the rest
-- of the transaction while a table is filled, and on again, as they were, by restore_triggers. A table
-- without such triggers is left alone: switching them keeps writers out until the transaction ends.
create function private.hush_triggers(relation regclass) returns void
language plpgsql set search_path = '' as $$
declare
  name name;
begin
  for name in select t.tgname from pg_catalog.pg_trigger t
               where t.tgrelid = relation and not t.tgisinternal and t.tgenabled in ('O', 'A')
                 and t.tgtype & 16 <> 0 and t.tgname not like 'migration\_capture%'
               order by t.tgname
  loop
    perform set_config('migration.hushed', concat_ws(E'\n', nullif(current_setting('migration.hushed', true), ''),
      format('alter table %s enable %s trigger %I', relation,
        (select case t.tgenabled when 'A' then 'always' else '' end from pg_catalog.pg_trigger t
          where t.tgrelid = relation and t.tgname = name), name)), true);
    execute format('alter table %s disable trigger %I', relation, name);
  end loop;
end $$;
create function private.restore_triggers() returns void
language plpgsql set search_path = '' as $$
declare
  statement text;
begin
  foreach statement in array string_to_array(coalesce(current_setting('migration.hushed', true), ''), E'\n') loop
    if statement <> '' then
      execute statement;
    end if;
  end loop;
  perform set_config('migration.hushed', '', true);
end $$;
