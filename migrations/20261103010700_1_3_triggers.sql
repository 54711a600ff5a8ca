-- Phase 1.3, rules. The three organisation columns of an opportunity are its primary participants, and
-- contact_ids is what opportunity_contacts holds. Either side may be written; see phase 1.2 for the flag
-- by which one side knows that the other is carrying a change over.

create function public.validate_opportunity_participants() returns trigger
language plpgsql set search_path = '' as $$
declare
  before boolean;
begin
  if private.is_backfill() or (tg_op = 'UPDATE' and new *= old) then
    return new;
  end if;
  if tg_op = 'UPDATE' and new.updated_at is not distinct from old.updated_at then
    new.updated_at := now();
  end if;
  if new.deleted_at is not null then
    while tg_op = 'UPDATE' and isfinite(new.deleted_at) and exists ( -- see phase 1.2
      select from public.opportunity_participants r
       where r.opportunity_id = new.opportunity_id and r.organization_id = new.organization_id
         and r.role = new.role and r.deleted_at = new.deleted_at and r.id <> new.id)
    loop
      new.deleted_at := new.deleted_at + interval '1 microsecond';
    end loop;
    return new;
  end if;
  if new.role in ('principal', 'distributor')
     and (tg_op = 'INSERT' or (new.organization_id, new.role, old.deleted_at) is distinct from (old.organization_id, old.role, new.deleted_at))
     and not exists (
       select from public.companies c where c.id = new.organization_id
          and case new.role when 'principal' then c.is_principal else c.is_distributor end)
  then
    raise exception 'organization % is not a %', new.organization_id, new.role
      using errcode = 'check_violation', hint = format('Set is_%s on the company first.', new.role);
  end if;
  -- An upsert of a row that is there: whether it takes the place is for the update to say, if one follows.
  if new.is_primary and not (tg_op = 'INSERT' and exists (
       select from public.opportunity_participants r
        where r.id = new.id
           or (r.opportunity_id = new.opportunity_id and r.organization_id = new.organization_id
               and r.role = new.role and r.deleted_at is null)))
  then
    before := private.set_in_step(true);
    update public.opportunity_participants r set is_primary = false
     where r.opportunity_id = new.opportunity_id and r.role = new.role
       and r.id <> new.id and r.is_primary and r.deleted_at is null;
    perform private.set_in_step(before);
  end if;
  return new;
end $$;

-- The column of the opportunity for this role := its live primary participant, or NULL.
create function private.follow_primary_participant(opportunity bigint, changed_role text) returns void
language plpgsql set search_path = '' as $$
#variable_conflict use_variable
declare
  organization bigint := (
    select r.organization_id from public.opportunity_participants r
     where r.opportunity_id = opportunity and r.role = changed_role and r.is_primary and r.deleted_at is null);
  before boolean := private.set_in_step(true);
begin
  case changed_role
    when 'customer' then
      update public.opportunities o set customer_organization_id = organization
       where o.id = opportunity and o.customer_organization_id is distinct from organization;
    when 'principal' then
      update public.opportunities o set principal_organization_id = organization
       where o.id = opportunity and o.principal_organization_id is distinct from organization;
    when 'distributor' then
      update public.opportunities o set distributor_organization_id = organization
       where o.id = opportunity and o.distributor_organization_id is distinct from organization;
    else
      null;
  end case;
  perform private.set_in_step(before);
end $$;

-- The primary participants -> the opportunity: of the place that a row leaves, and of the one it takes.
create function public.opportunity_participants_after_write() returns trigger
language plpgsql set search_path = '' as $$
declare
  was_primary boolean := tg_op <> 'INSERT' and old.is_primary and old.deleted_at is null;
  is_primary boolean := tg_op <> 'DELETE' and new.is_primary and new.deleted_at is null;
begin
  if private.is_backfill() or private.in_step() or not (was_primary or is_primary) then
    return null;
  end if;
  -- The company itself is being deleted: the foreign keys of the opportunity say what becomes of it.
  if tg_op = 'DELETE' and not exists (select from public.companies c where c.id = old.organization_id) then
    return null;
  end if;
  if was_primary then
    perform private.follow_primary_participant(old.opportunity_id, old.role);
  end if;
  if is_primary and (not was_primary or (new.opportunity_id, new.role) is distinct from (old.opportunity_id, old.role)) then
    perform private.follow_primary_participant(new.opportunity_id, new.role);
  end if;
  return null;
end $$;

create trigger validate_opportunity_participants before insert or update on public.opportunity_participants
  for each row execute function public.validate_opportunity_participants();
create trigger opportunity_participants_after_write after insert or update or delete on public.opportunity_participants
  for each row execute function public.opportunity_participants_after_write();

-- The opportunity's column -> its primary participant of that role: made, moved, or closed when empty.
create function private.set_primary_participant(opportunity bigint, wanted_role text, organization bigint, author bigint)
returns void
language plpgsql set search_path = '' as $$
#variable_conflict use_variable
declare
  present record;
begin
  select r.id, r.organization_id into present from public.opportunity_participants r
   where r.opportunity_id = opportunity and r.role = wanted_role and r.is_primary and r.deleted_at is null;
  if present.organization_id is not distinct from organization then
    return;
  end if;
  if organization is null then
    update public.opportunity_participants r set deleted_at = now(), is_primary = false where r.id = present.id;
  elsif exists (select from public.opportunity_participants r
                 where r.opportunity_id = opportunity and r.role = wanted_role
                   and r.organization_id = organization and r.deleted_at is null)
  then
    update public.opportunity_participants r set deleted_at = now(), is_primary = false where r.id = present.id;
    update public.opportunity_participants r set is_primary = true
     where r.opportunity_id = opportunity and r.role = wanted_role
       and r.organization_id = organization and r.deleted_at is null;
  elsif present.id is not null then
    update public.opportunity_participants r set organization_id = organization where r.id = present.id;
  else
    insert into public.opportunity_participants (opportunity_id, organization_id, role, is_primary, created_by)
    values (opportunity, organization, wanted_role, true, author);
  end if;
end $$;

-- contact_ids -> opportunity_contacts. Rows that stay keep role, primary flag and created_at.
create function private.store_opportunity_contacts(opportunity bigint, ids bigint[]) returns void
language plpgsql set search_path = '' as $$
#variable_conflict use_variable
declare
  had_rows boolean;
  had_primary boolean;
begin
  select count(*) > 0, coalesce(bool_or(r.is_primary), false) into had_rows, had_primary
    from public.opportunity_contacts r where r.opportunity_id = opportunity;
  delete from public.opportunity_contacts r
   where r.opportunity_id = opportunity and not (r.contact_id = any (coalesce(array_remove(ids, null), '{}')));
  insert into public.opportunity_contacts as r (opportunity_id, contact_id, position)
  select opportunity, u.id, min(u.place)
    from unnest(ids) with ordinality u (id, place)
    join public.contacts p on p.id = u.id
   group by u.id
   order by 3
  on conflict (opportunity_id, contact_id) do update set position = excluded.position
   where r.position is distinct from excluded.position;
  -- Somebody stays primary: a new list's first contact, or the next one when the primary has left.
  if had_primary or not had_rows then
    update public.opportunity_contacts r set is_primary = true
     where r.id = (select n.id from public.opportunity_contacts n where n.opportunity_id = opportunity
                    order by n.position, n.id limit 1)
       and not exists (select from public.opportunity_contacts n where n.opportunity_id = opportunity and n.is_primary);
  end if;
end $$;

create function public.opportunities_after_write() returns trigger
language plpgsql set search_path = '' as $$
declare
  before boolean;
begin
  if private.is_backfill() or private.in_step() then
    return null;
  end if;
  before := private.set_in_step(true);
  -- Of a new row OLD is null, and it has no relations yet: what is empty has nothing to store.
  if new.customer_organization_id is distinct from old.customer_organization_id then
    perform private.set_primary_participant(new.id, 'customer', new.customer_organization_id, new.sales_id);
  end if;
  if new.principal_organization_id is distinct from old.principal_organization_id then
    perform private.set_primary_participant(new.id, 'principal', new.principal_organization_id, new.sales_id);
  end if;
  if new.distributor_organization_id is distinct from old.distributor_organization_id then
    perform private.set_primary_participant(new.id, 'distributor', new.distributor_organization_id, new.sales_id);
  end if;
  if new.contact_ids is distinct from old.contact_ids and (tg_op = 'UPDATE' or cardinality(new.contact_ids) > 0) then
    perform private.store_opportunity_contacts(new.id, new.contact_ids);
  end if;
  perform private.set_in_step(before);
  return null;
end $$;
create trigger opportunities_after_insert after insert on public.opportunities
  for each row execute function public.opportunities_after_write();
create trigger opportunities_after_update after update on public.opportunities
  for each row
  when ((old.customer_organization_id, old.principal_organization_id, old.distributor_organization_id, old.contact_ids)
        is distinct from (new.customer_organization_id, new.principal_organization_id, new.distributor_organization_id, new.contact_ids))
  execute function public.opportunities_after_write();

-- One contact of an opportunity is its first; a new first one takes the place of the old. A row that comes
-- without a position of its own comes last.
create function public.opportunity_contacts_before_write() returns trigger
language plpgsql set search_path = '' as $$
begin
  if private.is_backfill()
     or (tg_op = 'INSERT' and exists (
           select from public.opportunity_contacts r
            where r.id = new.id or (r.opportunity_id = new.opportunity_id and r.contact_id = new.contact_id)))
  then
    return new; -- in an upsert of a row that is there the update decides, if one follows
  end if;
  if new.is_primary then
    update public.opportunity_contacts r set is_primary = false
     where r.opportunity_id = new.opportunity_id and r.id <> new.id and r.is_primary;
  end if;
  if (tg_op = 'INSERT' and new.position is null)
     or (tg_op = 'UPDATE' and new.opportunity_id <> old.opportunity_id and new.position is not distinct from old.position)
  then
    new.position := (select least(coalesce(max(r.position), 0) + 1::bigint, 2147483647)
                       from public.opportunity_contacts r where r.opportunity_id = new.opportunity_id);
  end if;
  return new;
end $$;
create trigger opportunity_contacts_before_write before insert or update on public.opportunity_contacts
  for each row execute function public.opportunity_contacts_before_write();

-- opportunity_contacts -> contact_ids, of the opportunity that a row leaves too. A contact that is deleted
-- altogether leaves its id in the array, as it always did.
create function public.opportunity_contacts_after_write() returns trigger
language plpgsql set search_path = '' as $$
declare
  before boolean;
begin
  if private.is_backfill() or private.in_step()
     or (tg_op = 'UPDATE' and (new.opportunity_id, new.contact_id) = (old.opportunity_id, old.contact_id))
  then
    return null;
  end if;
  before := private.set_in_step(true);
  if tg_op = 'UPDATE' and new.opportunity_id = old.opportunity_id then
    update public.opportunities o set contact_ids = array_replace(o.contact_ids, old.contact_id, new.contact_id)
     where o.id = new.opportunity_id;
  else
    if tg_op <> 'INSERT' and exists (select from public.contacts p where p.id = old.contact_id) then
      update public.opportunities o set contact_ids = array_remove(o.contact_ids, old.contact_id)
       where o.id = old.opportunity_id and o.contact_ids @> array[old.contact_id];
    end if;
    if tg_op <> 'DELETE' then
      update public.opportunities o set contact_ids = array_append(o.contact_ids, new.contact_id)
       where o.id = new.opportunity_id and not coalesce(o.contact_ids, '{}') @> array[new.contact_id];
    end if;
  end if;
  perform private.set_in_step(before);
  return null;
end $$;
create trigger opportunity_contacts_after_write after insert or update or delete on public.opportunity_contacts
  for each row execute function public.opportunity_contacts_after_write();

-- Writers wait for each other here, not half-way: see phase 1.2. Writes of different opportunities do not
-- touch each other's rows, so they share the lock; a write that begins at the other side has it alone.
create trigger opportunities_before_relations before delete
  or update of company_id, customer_organization_id, principal_organization_id, distributor_organization_id, contact_ids
  on public.opportunities for each statement execute function private.before_relations('shared');
create trigger opportunity_participants_before_relations before insert or update or delete
  on public.opportunity_participants for each statement execute function private.before_relations('alone');
create trigger opportunity_contacts_before_relations before insert or update or delete
  on public.opportunity_contacts for each statement execute function private.before_relations('alone');

create function public.set_updated_at() returns trigger
language plpgsql set search_path = '' as $$
begin
  if new *<> old and new.updated_at is not distinct from old.updated_at and not private.is_backfill() then
    new.updated_at := now();
  end if;
  return new;
end $$;
create trigger opportunity_products_set_updated_at before update on public.opportunity_products
  for each row execute function public.set_updated_at();
