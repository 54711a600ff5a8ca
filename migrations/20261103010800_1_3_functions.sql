-- Phase 1.3, functions. All run with the caller's rights. A participant is an object with organization_id,
-- role, and optionally is_primary and notes.

-- Makes the list the live participants: adds, changes, and soft-deletes the rest. An empty list removes
-- all; NULL is refused, because it more likely means that somebody forgot the list.
create function public.sync_opportunity_participants(opportunity bigint, participants jsonb[]) returns void
language plpgsql set search_path = '' as $$
#variable_conflict use_variable
declare
  kept bigint[] := '{}';
  stored bigint;
  sent jsonb;
  primary_customer bigint;
  contradiction text;
  live bigint[];
  said text[];
  notes text[];
  place integer;
  wants_primary boolean;
begin
  if opportunity is null or participants is null then
    raise exception 'opportunity and participants are required' using errcode = 'invalid_parameter_value',
      hint = 'Send an empty list to remove all participants.';
  end if;
  if cardinality(participants) > 1 then
    -- Each role has one primary organisation: of two, neither may win silently.
    select format('"participants" has more than one primary %s: organisations %s', u.item ->> 'role',
                  string_agg(distinct u.item ->> 'organization_id', ' and '))
      into contradiction
      from unnest(participants) u (item)
     where (u.item ->> 'is_primary')::boolean
     group by u.item ->> 'role' having count(distinct u.item ->> 'organization_id') > 1 limit 1;
    if found then
      raise exception '%', contradiction using errcode = 'invalid_parameter_value',
        hint = 'Mark one organisation of each role as primary.';
    end if;
    -- One customer is the primary one, said or not.
    select (u.item ->> 'organization_id')::bigint into primary_customer
      from unnest(participants) with ordinality u (item, place)
     where u.item ->> 'role' = 'customer'
     order by coalesce((u.item ->> 'is_primary')::boolean, false) desc, u.place limit 1;
  end if;
  -- What is there as it was sent is left alone, until the first change: that may change more than its own row.
  select array_agg(r.id), array_agg(format('%s %s %s', r.organization_id, r.is_primary, r.role)), array_agg(r.notes)
    into live, said, notes
    from public.opportunity_participants r
   where r.opportunity_id = opportunity and r.deleted_at is null;
  foreach sent in array participants loop
    wants_primary := coalesce((sent ->> 'is_primary')::boolean, false)
      or (sent ->> 'role' = 'customer'
          and (cardinality(participants) = 1 or (sent ->> 'organization_id')::bigint = primary_customer));
    place := array_position(said, format('%s %s %s', (sent ->> 'organization_id')::bigint, wants_primary, sent ->> 'role'));
    if place is not null and coalesce(sent ->> 'notes' = notes[place], sent ->> 'notes' is null) then
      kept := kept || live[place];
      continue;
    end if;
    said := null;
    insert into public.opportunity_participants as r (opportunity_id, organization_id, role, is_primary, notes)
    values (opportunity, (sent ->> 'organization_id')::bigint, sent ->> 'role', wants_primary, sent ->> 'notes')
    on conflict (opportunity_id, organization_id, role) where deleted_at is null do update
       set is_primary = excluded.is_primary, notes = coalesce(excluded.notes, r.notes)
    returning r.id into stored;
    kept := kept || stored;
  end loop;
  if not live <@ kept then
    update public.opportunity_participants r set deleted_at = now(), is_primary = false
     where r.opportunity_id = opportunity and r.deleted_at is null and r.id <> all (kept);
  end if;
end $$;

create function public.create_opportunity_with_participants(opportunity jsonb, participants jsonb[]) returns bigint
language plpgsql set search_path = '' as $$
declare
  sent public.opportunities := jsonb_populate_record(null::public.opportunities, opportunity);
  customer bigint;
  made bigint;
begin
  select (u.item ->> 'organization_id')::bigint into customer
    from unnest(participants) with ordinality u (item, place)
   where u.item ->> 'role' = 'customer'
   order by coalesce((u.item ->> 'is_primary')::boolean, false) desc, u.place limit 1;
  if customer is null then
    raise exception 'an opportunity needs at least one customer' using errcode = 'invalid_parameter_value';
  end if;
  insert into public.opportunities (
    name, company_id, contact_ids, category, stage, status, priority, probability, description, amount,
    expected_closing_date, estimated_close_date, sales_id, index, next_action, next_action_date, competition, decision_criteria)
  values (
    sent.name, customer, coalesce(sent.contact_ids, '{}'), sent.category, coalesce(sent.stage, private.default_stage()),
    coalesce(sent.status, 'active'), coalesce(sent.priority, 'medium'), sent.probability, sent.description, sent.amount,
    sent.expected_closing_date, sent.estimated_close_date, sent.sales_id, coalesce(sent.index, 0::smallint),
    sent.next_action, sent.next_action_date, sent.competition, sent.decision_criteria)
  returning id into made;
  perform public.sync_opportunity_participants(made, participants);
  return made;
end $$;

create function public.get_opportunity_with_participants(opportunity_id bigint)
returns table (opportunity jsonb, participants jsonb)
language sql stable set search_path = '' as $$
  select to_jsonb(o.*) - 'search_tsv',
         coalesce((select jsonb_agg(to_jsonb(r.*) || jsonb_build_object('organization_name', c.name)
                                    order by r.is_primary desc, r.role, r.id)
                     from public.opportunity_participants r
                     join public.companies c on c.id = r.organization_id
                    where r.opportunity_id = o.id and r.deleted_at is null), '[]')
    from public.opportunities o
   where o.id = $1
$$;
