-- Webhooks: the triggers that note what happened. They run as their owner, because a user of the CRM may
-- neither see who subscribed nor read the queue. Nothing is written when nobody wants to know, when the
-- migration fills columns (setting migration.backfill), and when a write changes no business column.

-- Notes one change and for whom it is. Events are in the order in which they are to be told.
create or replace function webhooks.emit(
  entity text, record bigint, image json, events text[],
  previous_stage text default null, previous_legacy_stage text default null,
  participants json default null, contacts json default null)
returns void
language plpgsql set search_path = '' as $$
declare
  noted bigint;
begin
  insert into webhooks.outbox (entity, record_id, image, participants, contacts, previous_stage, previous_legacy_stage, user_id)
  values (entity, record, image, participants, contacts, previous_stage, previous_legacy_stage, auth.jwt() ->> 'sub')
  returning id into noted;
  insert into webhooks.delivery (outbox_id, subscription_id, record_id, event)
  select noted, s.id, emit.record, e.event
    from webhooks.subscription s
   cross join unnest(emit.events) with ordinality e (event, place)
   where s.enabled and e.event = any (s.events)
   order by s.id, e.place;
  perform pg_notify('oppbase_webhooks', '');
end $$;

-- Organisations and people of an opportunity, as a payload shows them. In PL/pgSQL because that keeps its
-- plans: each runs once per change.
create or replace function webhooks.participants(opportunity bigint) returns json
language plpgsql stable set search_path = '' as $$
begin
  return (
    select coalesce(json_agg(json_build_object(
             'organization_id', p.organization_id, 'role', p.role, 'is_primary', p.is_primary)
             order by p.is_primary desc, p.role, p.id), '[]')
      from public.opportunity_participants p
     where p.opportunity_id = $1 and p.deleted_at is null);
end $$;
create or replace function webhooks.contacts(opportunity bigint) returns json
language plpgsql stable set search_path = '' as $$
begin
  return (
    select coalesce(json_agg(json_build_object(
             'contact_id', c.contact_id, 'role', c.role, 'is_primary', c.is_primary)
             order by c.position, c.id), '[]')
      from public.opportunity_contacts c
     where c.opportunity_id = $1);
end $$;

-- The timezone makes the moments in the image UTC, whatever the writer's session says.
create or replace function webhooks.opportunity_changed() returns trigger
language plpgsql security definer set search_path = '' set timezone = 'UTC' as $$
declare
  image record;
  told text[];
begin
  if private.is_backfill() or not exists (select from webhooks.subscription s where s.enabled) then
    return null;
  end if;
  case tg_op
    when 'INSERT' then
      told := array['deal.created', 'opportunity.created'];
    when 'DELETE' then
      told := array['deal.deleted', 'opportunity.deleted'];
    else
      image := new;
      image.index := old.index;           -- a card's place on the board is not business,
      image.updated_at := old.updated_at; -- and these two only follow
      image.search_tsv := old.search_tsv;
      if image *= old then
        return null;
      end if;
      told := array['deal.updated', 'opportunity.updated'];
      if new.legacy_stage is distinct from old.legacy_stage then
        told := told || 'deal.stage_changed'::text;
      end if;
      if new.stage is distinct from old.stage then
        told := told || 'opportunity.stage_changed'::text;
      end if;
  end case;
  if tg_op <> 'DELETE' and (tg_op = 'INSERT' or new.stage is distinct from old.stage) then
    if new.stage = 'closed_won' then
      told := told || array['deal.won', 'opportunity.won'];
    elsif new.stage = 'closed_lost' then
      told := told || array['deal.lost', 'opportunity.lost'];
    end if;
  end if;
  if tg_op = 'UPDATE' and old.archived_at is null and new.archived_at is not null then
    told := told || array['deal.archived', 'opportunity.archived'];
  end if;
  if not exists (select from webhooks.subscription s where s.enabled and s.events && told) then
    return null;
  end if;
  if tg_op = 'DELETE' then
    image := old;
    image.search_tsv := null;
    perform webhooks.emit('opportunity', old.id, row_to_json(image), told, null, null,
                          webhooks.participants(old.id), webhooks.contacts(old.id));
  else
    image := new;
    image.search_tsv := null;
    perform webhooks.emit('opportunity', new.id, row_to_json(image), told,
                          case when tg_op = 'UPDATE' then old.stage::text end,
                          case when tg_op = 'UPDATE' then old.legacy_stage end);
  end if;
  return null;
end $$;

create or replace function webhooks.note_created() returns trigger
language plpgsql security definer set search_path = '' set timezone = 'UTC' as $$
declare
  wanted constant text[] := array['dealNote.created', 'opportunity_note.created'];
begin
  if not private.is_backfill()
     and exists (select from webhooks.subscription s where s.enabled and s.events && wanted)
  then
    perform webhooks.emit('opportunity_note', new.opportunity_id, row_to_json(new), wanted);
  end if;
  return null;
end $$;

-- Who takes part is often written after the opportunity, in the same transaction: looked up at its end.
create or replace function webhooks.outbox_members() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  update webhooks.outbox o
     set participants = webhooks.participants(o.record_id), contacts = webhooks.contacts(o.record_id)
   where o.id = new.id;
  return null;
end $$;
-- The schema outlives a migration that is taken back, with its subscriptions.
drop trigger if exists outbox_members on webhooks.outbox;
create constraint trigger outbox_members after insert on webhooks.outbox
  deferrable initially deferred for each row
  when (new.entity = 'opportunity' and new.participants is null)
  execute function webhooks.outbox_members();

-- Triggers fire in the order of their names: after the rules that keep the row and its relations in step.
create trigger webhooks_inserted after insert on public.opportunities
  for each row execute function webhooks.opportunity_changed();
create trigger webhooks_updated after update on public.opportunities
  for each row when (old.* *<> new.*) execute function webhooks.opportunity_changed();
-- Before the foreign keys ("RI_…") take participants and contacts away.
create trigger "A_webhooks_deleted" after delete on public.opportunities
  for each row execute function webhooks.opportunity_changed();
create trigger webhooks_note_created after insert on public."opportunityNotes"
  for each row execute function webhooks.note_created();

revoke all on all functions in schema webhooks from public;
