-- Phase 1.1, the rules that keep both faces of a row in step. BEFORE triggers compare NEW with OLD column
-- by column: what the writer did not change is not touched, so saving an unchanged form changes nothing,
-- and two people who edit different columns never overwrite each other.
-- A site may have columns of its own, of whatever name and type. Whole rows are compared with *= and *<>, which
-- look at the bytes: "is distinct from" fails at a type that has no equality, such as json. And where a function
-- names its own parameters and variables beside a table, "#variable_conflict use_variable" keeps the names theirs;
-- columns are always named with their table.
-- The functions run with timezone UTC, so a date and a moment convert into each other by plain
-- assignment, whichever of the two types expected_closing_date has.

create function private.refuse_pair(one text, other text, hint text default 'Send one of them, or both with the same value.')
returns void
language plpgsql set search_path = '' as $$
begin
  raise exception '"%" and "%" are one fact under two names, and this write gives them different values', one, other
    using errcode = 'invalid_parameter_value',
          hint = refuse_pair.hint;
end $$;

create function public.opportunities_before_insert() returns trigger
language plpgsql set search_path = '' set timezone = 'UTC' as $$
declare
  existing record;
  -- The view deals marks what it inserts in this column, which is nobody's to write but ours.
  is_old_face boolean := new.search_tsv is not distinct from 'deals'::tsvector;
  place integer;
  bucket text;
begin
  if private.is_backfill() then
    return new;
  end if;
  -- A deal has always needed a stage, and has no default for it. Its name was asked for first.
  if is_old_face and new.legacy_stage is null and new.name is not null then
    raise not_null_violation using
      message = 'null value in column "stage" of relation "deals" violates not-null constraint',
      schema = 'public', table = 'deals', column = 'stage';
  end if;

  -- A list of relations came with each of several rows (opportunities_nested). They are proposed in the order of
  -- the body, and some are skipped or change a row that is there, so their places are noted here by id: in many
  -- small notes, because each is read again for its rows. The first of an id stands last, where it counts.
  if pg_trigger_depth() = 1 and current_setting('crm.nested', true) like '[%' then
    place := coalesce(nullif(current_setting('crm.nested_rows', true), ''), '0')::integer;
    perform set_config('crm.nested_rows', (place + 1)::text, true);
    bucket := 'crm.nested_ids_' || abs(new.id % (current_setting('crm.nested')::jsonb ->> 1)::integer);
    perform set_config(bucket,
      concat_ws(',', format('"%s":%s', new.id, place), nullif(current_setting(bucket, true), '')), true);
  end if;

  -- An upsert of a row that is there: what happens to it is an update's business. Only the columns that
  -- may not be null even in the proposed row are filled.
  select o.legacy_stage, o.probability, o.search_tsv into existing from public.opportunities o where o.id = new.id;
  if found then
    new.legacy_stage := coalesce(new.legacy_stage, existing.legacy_stage);
    new.probability := coalesce(new.probability, existing.probability);
    new.search_tsv := existing.search_tsv;
    return new;
  end if;

  new.customer_organization_id := coalesce(new.customer_organization_id, new.company_id);
  new.company_id := coalesce(new.company_id, new.customer_organization_id);
  if new.company_id <> new.customer_organization_id then
    perform private.refuse_pair('company_id', 'customer_organization_id');
  end if;
  new.deleted_at := coalesce(new.deleted_at, new.archived_at);
  new.archived_at := coalesce(new.archived_at, new.deleted_at);
  if new.archived_at <> new.deleted_at then
    perform private.refuse_pair('archived_at', 'deleted_at');
  end if;
  if new.expected_closing_date is null then
    new.expected_closing_date := new.estimated_close_date;
  elsif new.estimated_close_date is null then
    new.estimated_close_date := new.expected_closing_date;
  elsif new.estimated_close_date <> new.expected_closing_date::date then
    perform private.refuse_pair('expected_closing_date', 'estimated_close_date');
  end if;

  if new.legacy_stage is null then
    new.legacy_stage := private.stage_reverse(new.stage);
  elsif is_old_face then
    new.stage := private.stage_forward(new.legacy_stage);
  elsif not private.stage_fits(new.legacy_stage, new.stage) then
    perform private.refuse_pair('stage', 'legacy_stage', 'Send the stage, or both with the same value. A new row without a stage is a lead.');
  end if;

  if private.stage_is_closed(new.stage) then
    new.probability := private.stage_probability(new.stage);
    new.stage_manual := false;
  elsif new.probability is null then
    new.probability := private.stage_probability(new.stage);
  else
    new.stage_manual := new.stage_manual
      or new.probability not in (private.stage_probability(new.stage), private.untouched_probability());
  end if;
  -- "active" is the column's default, so it may not have been sent at all.
  if not new.status_manual then
    if new.status = 'active' then
      new.status := private.stage_status(new.stage);
    end if;
    new.status_manual := new.status <> private.stage_status(new.stage);
  end if;
  if private.stage_is_closed(new.stage) then
    new.actual_close_date := coalesce(new.actual_close_date, current_date);
  end if;
  new.search_tsv := private.search_vector(new.name, concat_ws(' ', new.category, new.next_action, new.description));
  return new;
end $$;

-- A trigger sees values, and a probability or status that was sent with the value it had looks like one that was
-- not. But PostgreSQL fires a trigger on UPDATE OF a column whenever the statement sets it. So where the stage
-- changes, the triggers before the rules note 'yes' when the column is set, and take it back when its flag is set
-- to false too, which asks for the default. The note is for this row only.
create function public.opportunities_before_sent() returns trigger
language plpgsql set search_path = '' as $$
begin
  if not private.is_backfill() then
    perform set_config(format('crm.%s_sent', tg_argv[0]), tg_argv[1], true);
  end if;
  return new;
end $$;

create function private.take_sent(name text) returns boolean
language plpgsql set search_path = '' as $$
begin
  if coalesce(current_setting(format('crm.%s_sent', name), true), '') <> 'yes' then
    return false;
  end if;
  perform set_config(format('crm.%s_sent', name), '', true);
  return true;
end $$;

create function public.opportunities_before_update() returns trigger
language plpgsql set search_path = '' set timezone = 'UTC' as $$
declare
  one_changed boolean;
  other_changed boolean;
  was_closed boolean;
  is_closed boolean;
  probability_sent boolean;
  status_sent boolean;
  stage_changed boolean;
  probe public.opportunities;
begin
  if private.is_backfill() then
    return new;
  end if;
  new.search_tsv := old.search_tsv; -- nobody's to write but ours
  if new *= old then
    return new;
  end if;

  one_changed := new.company_id is distinct from old.company_id;
  other_changed := new.customer_organization_id is distinct from old.customer_organization_id;
  if one_changed and not other_changed then
    new.customer_organization_id := new.company_id;
  elsif other_changed and not one_changed then
    new.company_id := new.customer_organization_id;
  elsif new.company_id is distinct from new.customer_organization_id then
    perform private.refuse_pair('company_id', 'customer_organization_id');
  end if;

  one_changed := new.archived_at is distinct from old.archived_at;
  other_changed := new.deleted_at is distinct from old.deleted_at;
  if one_changed and not other_changed then
    new.deleted_at := new.archived_at;
  elsif other_changed and not one_changed then
    new.archived_at := new.deleted_at;
  elsif new.archived_at is distinct from new.deleted_at then
    perform private.refuse_pair('archived_at', 'deleted_at');
  end if;

  one_changed := new.expected_closing_date is distinct from old.expected_closing_date;
  other_changed := new.estimated_close_date is distinct from old.estimated_close_date;
  if one_changed and not other_changed then
    new.estimated_close_date := new.expected_closing_date;
  elsif other_changed and not one_changed then
    new.expected_closing_date := new.estimated_close_date;
  elsif one_changed and new.estimated_close_date is distinct from new.expected_closing_date::date then
    perform private.refuse_pair('expected_closing_date', 'estimated_close_date');
  end if;

  one_changed := new.stage is distinct from old.stage;
  other_changed := new.legacy_stage is distinct from old.legacy_stage;
  if other_changed and not one_changed then
    if not private.stage_fits(new.legacy_stage, old.stage) then
      new.stage := private.stage_forward(new.legacy_stage);
    end if;
  elsif one_changed and not private.stage_fits(new.legacy_stage, new.stage) then
    if other_changed then
      perform private.refuse_pair('stage', 'legacy_stage');
    end if;
    new.legacy_stage := private.stage_reverse(new.stage);
  end if;

  stage_changed := new.stage is distinct from old.stage;
  was_closed := private.stage_is_closed(old.stage);
  is_closed := private.stage_is_closed(new.stage);
  probability_sent := private.take_sent('probability') or new.probability is distinct from old.probability;
  status_sent := private.take_sent('status') or new.status is distinct from old.status;

  if stage_changed and is_closed then
    new.probability := private.stage_probability(new.stage);
    new.stage_manual := false;
  elsif probability_sent then
    new.stage_manual := new.probability is distinct from private.stage_probability(new.stage);
  elsif old.stage_manual and not new.stage_manual then
    new.probability := private.stage_probability(new.stage);
  elsif stage_changed and (was_closed or not new.stage_manual) then
    new.probability := private.stage_probability(new.stage);
    new.stage_manual := false;
  end if;

  if status_sent then
    new.status_manual := new.status is distinct from private.stage_status(new.stage);
  elsif (stage_changed or old.status_manual) and not new.status_manual then
    new.status := private.stage_status(new.stage);
  end if;

  if is_closed and not was_closed then
    new.actual_close_date := coalesce(new.actual_close_date, current_date);
  elsif was_closed and not is_closed and new.actual_close_date is not distinct from old.actual_close_date then
    new.actual_close_date := null;
  end if;

  if (new.name, new.category, new.next_action, new.description)
     is distinct from (old.name, old.category, old.next_action, old.description)
  then
    new.search_tsv := private.search_vector(new.name, concat_ws(' ', new.category, new.next_action, new.description));
  end if;

  if new.updated_at is not distinct from old.updated_at then
    probe := new;
    probe.index := old.index; -- a card's place on the board is not business
    probe.search_tsv := old.search_tsv;
    if probe *<> old then
      new.updated_at := now();
    end if;
  end if;
  return new;
end $$;

create trigger opportunities_before_insert before insert on public.opportunities
  for each row execute function public.opportunities_before_insert();
-- Triggers fire in the order of their names: these before the rules.
create trigger opportunities_before_sent_1 before update of probability on public.opportunities
  for each row when ((new.stage, new.legacy_stage) is distinct from (old.stage, old.legacy_stage))
  execute function public.opportunities_before_sent('probability', 'yes');
create trigger opportunities_before_sent_2 before update of stage_manual on public.opportunities
  for each row when (not new.stage_manual and (new.stage, new.legacy_stage) is distinct from (old.stage, old.legacy_stage))
  execute function public.opportunities_before_sent('probability', 'no');
create trigger opportunities_before_sent_3 before update of status on public.opportunities
  for each row when ((new.stage, new.legacy_stage) is distinct from (old.stage, old.legacy_stage))
  execute function public.opportunities_before_sent('status', 'yes');
create trigger opportunities_before_sent_4 before update of status_manual on public.opportunities
  for each row when (not new.status_manual and (new.stage, new.legacy_stage) is distinct from (old.stage, old.legacy_stage))
  execute function public.opportunities_before_sent('status', 'no');
create trigger opportunities_before_update before update on public.opportunities
  for each row execute function public.opportunities_before_update();

-- Upstream gives a row without an owner to its writer, on insert. An upsert of a row that is there is no
-- insert: without this, saving an ownerless deal unchanged would give it away.
do $do$
begin
  if not exists (select from pg_catalog.pg_trigger t
                  where t.tgrelid = 'public.opportunities'::regclass and t.tgname = 'set_deal_sales_id_trigger')
  then
    return;
  end if;
  create function public.set_opportunity_sales_id_default() returns trigger
  language plpgsql set search_path = '' as $fn$
  begin
    if new.sales_id is null and not exists (select from public.opportunities o where o.id = new.id) then
      new.sales_id := (select s.id from public.sales s where s.user_id = auth.uid());
    end if;
    return new;
  end $fn$;
  drop trigger set_deal_sales_id_trigger on public.opportunities;
  create trigger set_deal_sales_id_trigger before insert on public.opportunities
    for each row execute function public.set_opportunity_sales_id_default();
end $do$;

-- A principal or distributor is no plain customer: setting the flag moves the type along. Parents form a tree.
create function public.companies_before_write() returns trigger
language plpgsql set search_path = '' as $$
begin
  if private.is_backfill() then
    return new;
  end if;
  if new.organization_type = 'customer'
     and (tg_op = 'INSERT' or old.organization_type is not distinct from new.organization_type)
  then
    if new.is_principal then
      new.organization_type := 'principal';
    elsif new.is_distributor then
      new.organization_type := 'distributor';
    end if;
  end if;
  if new.parent_company_id is not null
     and (tg_op = 'INSERT' or new.parent_company_id is distinct from old.parent_company_id)
     and exists (
       with recursive ancestors (id) as (
         select new.parent_company_id
         union
         select c.parent_company_id from public.companies c join ancestors a on a.id = c.id
          where c.parent_company_id is not null)
       select from ancestors a where a.id = new.id)
  then
    raise exception 'company % is among its own parents', new.id using errcode = 'invalid_parameter_value';
  end if;
  if tg_op = 'INSERT'
     or (new.name, new.sector, new.website::text, new.city, new.segment, new.address, new.description)
        is distinct from (old.name, old.sector, old.website::text, old.city, old.segment, old.address, old.description)
  then
    new.search_tsv := private.search_vector(new.name,
      concat_ws(' ', new.sector, new.website, new.city, new.segment, new.address, new.description));
  else
    new.search_tsv := old.search_tsv;
  end if;
  return new;
end $$;

create function private.contact_search(c public.contacts) returns tsvector
language sql stable set search_path = '' as $$
  select private.search_vector(concat_ws(' ', c.first_name, c.last_name),
    concat_ws(' ', c.title, c.department, private.email_text(c.email_jsonb), c.background))
$$;

create function public.contacts_before_write() returns trigger
language plpgsql set search_path = '' as $$
begin
  if private.is_backfill() then
    return new;
  end if;
  if tg_op = 'INSERT'
     or (new.first_name, new.last_name, new.title, new.department, new.email_jsonb, new.background)
        is distinct from (old.first_name, old.last_name, old.title, old.department, old.email_jsonb, old.background)
  then
    new.search_tsv := private.contact_search(new);
  else
    new.search_tsv := old.search_tsv;
  end if;
  return new;
end $$;

create trigger companies_before_write before insert or update on public.companies
  for each row execute function public.companies_before_write();
-- After the ones that tidy addresses: triggers fire in the order of their names.
create trigger contacts_before_write before insert or update on public.contacts
  for each row execute function public.contacts_before_write();
