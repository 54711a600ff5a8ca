-- Phase 1.4, rules and functions. All run with the caller's rights.

create function public.activities_before_write() returns trigger
language plpgsql set search_path = '' as $$
begin
  if private.is_backfill() or (tg_op = 'UPDATE' and new *= old) then
    return new;
  end if;
  if new.activity_type = 'interaction' and new.organization_id is null
     and (tg_op = 'INSERT' or new.opportunity_id is distinct from old.opportunity_id)
  then
    select o.customer_organization_id into new.organization_id
      from public.opportunities o where o.id = new.opportunity_id;
  end if;
  if tg_op = 'UPDATE' and new.updated_at is not distinct from old.updated_at then
    new.updated_at := now();
  end if;
  return new;
end $$;

-- After the row is there: the opportunity refers to it.
create function public.activities_after_write() returns trigger
language plpgsql set search_path = '' as $$
begin
  if new.opportunity_id is not null and not private.is_backfill() then
    update public.opportunities o set founding_interaction_id = new.id
     where o.id = new.opportunity_id and o.founding_interaction_id is null;
  end if;
  return null;
end $$;

-- founding_interaction_id refers to an activity without a foreign key: `truncate` follows foreign keys whatever
-- they do on delete, so that of contacts, whose activities go with them, would empty opportunities.
create function private.founding_interaction_exists() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if not private.is_backfill() then
    perform from public.activities a where a.id = new.founding_interaction_id for key share;
    -- As with a foreign key, what the row says already is not asked about; an upsert proposes it as an insert.
    if not found and not exists (
      select from public.opportunities o
       where o.id = new.id and o.founding_interaction_id = new.founding_interaction_id)
    then
      raise foreign_key_violation using
        message = 'insert or update on table "opportunities" refers to an activity that does not exist',
        detail = format('Key (founding_interaction_id)=(%s) is not present in table "activities".', new.founding_interaction_id),
        table = 'opportunities', schema = 'public', column = 'founding_interaction_id';
    end if;
  end if;
  return new;
end $$;

create trigger opportunities_founding_interaction
  before insert or update of founding_interaction_id on public.opportunities
  for each row when (new.founding_interaction_id is not null)
  execute function private.founding_interaction_exists();

-- Whoever may delete an activity need not see the opportunities that began with it.
create function private.forget_founding_interactions() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'TRUNCATE' then
    update public.opportunities o set founding_interaction_id = null where o.founding_interaction_id is not null;
  else
    update public.opportunities o set founding_interaction_id = null
      from gone g where o.founding_interaction_id = g.id;
  end if;
  return null;
end $$;

create trigger activities_after_delete after delete on public.activities
  referencing old table as gone for each statement execute function private.forget_founding_interactions();
create trigger activities_after_truncate after truncate on public.activities
  for each statement execute function private.forget_founding_interactions();

create trigger activities_before_write before insert or update on public.activities
  for each row execute function public.activities_before_write();
create trigger activities_after_write after insert or update of opportunity_id on public.activities
  for each row execute function public.activities_after_write();

-- An engagement: with a contact or an organisation, about no opportunity.
create function public.log_engagement(
  type public.interaction_type, subject text, description text default null,
  contact_id bigint default null, organization_id bigint default null,
  activity_date timestamptz default now(), duration_minutes integer default null,
  follow_up_required boolean default false, follow_up_date date default null,
  outcome text default null, created_by bigint default null)
returns bigint
language plpgsql set search_path = '' as $$
#variable_conflict use_column
declare
  made bigint;
begin
  insert into public.activities (
    activity_type, type, subject, description, contact_id, organization_id, activity_date, duration_minutes,
    follow_up_required, follow_up_date, outcome, created_by)
  values ('engagement', $1, $2, $3, $4,
          coalesce($5, (select r.organization_id from public.contact_organizations r
                         where r.contact_id = $4 and r.is_primary_organization and r.deleted_at is null)),
          coalesce($6, now()), $7, coalesce($8, false), $9, $10, $11)
  returning id into made;
  return made;
end $$;

-- An interaction about an opportunity. It counts as a change of the opportunity; a positive one dates the
-- advocacy of the opportunity's principal.
create function public.log_interaction(
  opportunity_id bigint, type public.interaction_type, subject text, description text default null,
  contact_id bigint default null, organization_id bigint default null,
  activity_date timestamptz default now(), duration_minutes integer default null,
  follow_up_required boolean default false, follow_up_date date default null,
  outcome text default null, sentiment text default null, created_by bigint default null)
returns bigint
language plpgsql set search_path = '' as $$
#variable_conflict use_variable
declare
  made bigint;
  principal bigint;
begin
  select o.principal_organization_id into principal from public.opportunities o where o.id = $1;
  if not found then
    raise exception 'opportunity % does not exist', $1 using errcode = 'foreign_key_violation';
  end if;
  insert into public.activities (
    activity_type, type, subject, description, opportunity_id, contact_id, organization_id, activity_date, duration_minutes,
    follow_up_required, follow_up_date, outcome, sentiment, created_by)
  values ('interaction', $2, $3, $4, $1, $5, $6, coalesce($7, now()), $8, coalesce($9, false), $10, $11, $12, $13)
  returning id into made;
  update public.opportunities o set updated_at = now() where o.id = $1;
  if $12 = 'positive' and $5 is not null and principal is not null then
    update public.contact_preferred_principals a set last_interaction_date = coalesce($7, now())::date
     where a.contact_id = $5 and a.principal_organization_id = principal and a.deleted_at is null;
  end if;
  return made;
end $$;

create function public.convert_engagement_to_interaction(activity_id bigint, opportunity_id bigint) returns bigint
language plpgsql set search_path = '' as $$
#variable_conflict use_column
begin
  update public.activities a set activity_type = 'interaction', opportunity_id = $2
   where a.id = $1 and a.activity_type = 'engagement' and a.deleted_at is null;
  if not found then
    raise exception 'activity % is no engagement', $1 using errcode = 'invalid_parameter_value';
  end if;
  return $1;
end $$;

create function public.get_activity_timeline(entity_type text, entity_id bigint, max_rows integer default 50)
returns table (
  id bigint, activity_type public.activity_type, type public.interaction_type, subject text, description text,
  activity_date timestamptz, contact_id bigint, contact_name text, organization_id bigint, organization_name text,
  opportunity_id bigint, opportunity_name text, sentiment varchar, outcome text, created_by bigint)
language plpgsql stable set search_path = '' as $$
#variable_conflict use_column
begin
  if entity_type is null or entity_type not in ('contact', 'organization', 'opportunity') then
    raise exception 'entity_type must be contact, organization or opportunity' using errcode = 'invalid_parameter_value';
  end if;
  return query
    select a.id, a.activity_type, a.type, a.subject, a.description, a.activity_date,
           a.contact_id, private.full_name(p.first_name, p.last_name), a.organization_id, c.name,
           a.opportunity_id, o.name, a.sentiment, a.outcome, a.created_by
      from public.activities a
      left join public.contacts p on p.id = a.contact_id
      left join public.companies c on c.id = a.organization_id
      left join public.opportunities o on o.id = a.opportunity_id
     where a.deleted_at is null
       and case $1 when 'contact' then a.contact_id when 'organization' then a.organization_id else a.opportunity_id end = $2
     order by a.activity_date desc nulls last, a.id desc
     limit greatest(coalesce($3, 50), 0);
end $$;
