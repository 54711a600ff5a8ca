-- Phase 1.2, rules. contacts.company_id and the primary row of contact_organizations are one fact, and so
-- are the contact's role, influence and authority and those of that row. Either side may be written.
-- While one side carries a change over to the other, the other's trigger must not carry it back: the
-- setting crm.in_step, local to the transaction, says so.

create function private.in_step() returns boolean
language sql stable parallel safe
return coalesce(current_setting('crm.in_step', true), '') = 'on';
-- Sets the flag and returns what it was, so that nested rules put back what they found.
create function private.set_in_step(wanted boolean) returns boolean
language plpgsql set search_path = '' as $$
declare
  before boolean := private.in_step();
begin
  perform set_config('crm.in_step', case when wanted then 'on' else '' end, true);
  return before;
end $$;

-- Facts that are kept twice can be written at either side, and the row of the side that was written is
-- locked before any of its triggers runs. Two writers who begin at different sides, or at two contacts of
-- one organisation, would each hold the row that the other needs next. So a statement that may carry a
-- change over takes one advisory lock before it locks its first row, and has it until the transaction ends.
-- What a trigger does then is covered by the statement that fired it. A statement that sets none of the
-- doubled columns does not ask for the lock.
create function private.lock_relations(is_shared boolean) returns void
language plpgsql set search_path = '' as $$
declare
  key constant bigint := 8030041690845047923; -- "opp_rels" in ASCII
begin
  if is_shared then
    perform pg_advisory_xact_lock_shared(key);
  else
    perform pg_advisory_xact_lock(key);
  end if;
end $$;
create function private.before_relations() returns trigger
language plpgsql set search_path = '' as $$
begin
  if pg_trigger_depth() = 1 and not private.is_backfill() then
    perform private.lock_relations(tg_argv[0] = 'shared');
  end if;
  return null;
end $$;

create trigger contacts_before_relations before delete
  or update of company_id, role, is_primary_contact, purchase_influence, decision_authority, organizations
  on public.contacts for each statement execute function private.before_relations('alone');
create trigger companies_before_relations before delete
  on public.companies for each statement execute function private.before_relations('alone');
create trigger contact_organizations_before_relations before insert or update or delete
  on public.contact_organizations for each statement execute function private.before_relations('alone');

create function public.contact_organizations_before_write() returns trigger
language plpgsql set search_path = '' as $$
declare
  before boolean;
begin
  if private.is_backfill() or (tg_op = 'UPDATE' and new *= old) then
    return new;
  end if;
  if tg_op = 'INSERT' then
    new.is_primary_contact := new.is_primary_contact or new.is_primary_decision_maker;
    new.is_primary_decision_maker := new.is_primary_contact;
  else
    if new.is_primary_contact is distinct from old.is_primary_contact then
      new.is_primary_decision_maker := new.is_primary_contact;
    else
      new.is_primary_contact := new.is_primary_decision_maker;
    end if;
    if new.updated_at is not distinct from old.updated_at then
      new.updated_at := now();
    end if;
    -- The moment of deletion is part of a key. The pair may have been deleted before at this very moment.
    while isfinite(new.deleted_at) and exists (
      select from public.contact_organizations r
       where r.contact_id = new.contact_id and r.organization_id = new.organization_id
         and r.deleted_at = new.deleted_at and r.id <> new.id)
    loop
      new.deleted_at := new.deleted_at + interval '1 microsecond';
    end loop;
    -- A closed row that becomes the contact's company again is open again.
    if new.is_primary_organization and new.deleted_at is null
       and (new.contact_id, true, null::timestamptz) is distinct from (old.contact_id, old.is_primary_organization, old.deleted_at)
       and new.relationship_end_date <= current_date
       and new.relationship_end_date = old.relationship_end_date
    then
      new.relationship_end_date := null;
    end if;
  end if;
  -- An upsert of a row that is there: whether it takes a place is for the update to say, if one follows.
  if tg_op = 'INSERT' and exists (
       select from public.contact_organizations r
        where r.id = new.id
           or (r.contact_id = new.contact_id and r.organization_id = new.organization_id
               and r.deleted_at is null and new.deleted_at is null))
  then
    return new;
  end if;
  -- The places are taken from whoever has them.
  if new.deleted_at is null and new.is_primary_organization then
    before := private.set_in_step(true);
    update public.contact_organizations r set is_primary_organization = false
     where r.contact_id = new.contact_id and r.id <> new.id
       and r.is_primary_organization and r.deleted_at is null;
    perform private.set_in_step(before);
  end if;
  if new.deleted_at is null and new.is_primary_decision_maker then
    -- Not under the flag: the contact who loses the place must see it in its own row.
    before := private.set_in_step(false);
    update public.contact_organizations r set is_primary_decision_maker = false
     where r.organization_id = new.organization_id and r.id <> new.id
       and r.is_primary_decision_maker and r.deleted_at is null;
    perform private.set_in_step(before);
  end if;
  return new;
end $$;

-- One contact follows its primary row, or loses the company that the row said before, if it did.
create function private.follow_primary_organization(contact bigint, left_organization bigint) returns void
language plpgsql set search_path = '' as $$
#variable_conflict use_variable
declare
  live public.contact_organizations;
  before boolean := private.set_in_step(true);
begin
  select r.* into live from public.contact_organizations r
   where r.contact_id = contact and r.is_primary_organization and r.deleted_at is null;
  update public.contacts c set organizations = null where c.id = contact and c.organizations is not null;
  if live.id is not null then
    update public.contacts c
       set company_id = live.organization_id, role = live.role, is_primary_contact = live.is_primary_contact,
           purchase_influence = live.purchase_influence, decision_authority = live.decision_authority
     where c.id = contact
       and (c.company_id, c.role, c.is_primary_contact, c.purchase_influence, c.decision_authority)
           is distinct from (live.organization_id, live.role, live.is_primary_contact, live.purchase_influence, live.decision_authority);
  else
    update public.contacts c set company_id = null where c.id = contact and c.company_id = left_organization;
  end if;
  perform private.set_in_step(before);
end $$;

-- The primary row -> the contact; a row that moves -> the contact it was of, too.
create function public.contact_organizations_after_write() returns trigger
language plpgsql set search_path = '' as $$
declare
  was_primary boolean := tg_op <> 'INSERT' and old.is_primary_organization and old.deleted_at is null;
begin
  if private.is_backfill() or private.in_step() or (tg_op = 'UPDATE' and new *= old) then
    return null;
  end if;
  -- The company itself is being deleted: what becomes of its contacts is their own foreign key's business.
  if tg_op = 'DELETE' and not exists (select from public.companies c where c.id = old.organization_id) then
    return null;
  end if;
  if tg_op <> 'INSERT' then
    perform private.follow_primary_organization(old.contact_id, case when was_primary then old.organization_id end);
  end if;
  if tg_op = 'INSERT' or (tg_op = 'UPDATE' and new.contact_id <> old.contact_id) then
    perform private.follow_primary_organization(new.contact_id, null);
  end if;
  return null;
end $$;

create trigger contact_organizations_before_write before insert or update on public.contact_organizations
  for each row execute function public.contact_organizations_before_write();
create trigger contact_organizations_after_write after insert or update or delete on public.contact_organizations
  for each row execute function public.contact_organizations_after_write();

-- A client may send the whole list with the contact. What it says of the contact's own company is said of
-- the contact.
create or replace function public.contacts_before_write() returns trigger
language plpgsql set search_path = '' as $$
declare
  own jsonb;
begin
  if private.is_backfill() or (tg_op = 'UPDATE' and new *= old) then
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
  -- A new contact touches others only when it takes a place or brings a list. Nobody waits for it yet.
  if tg_op = 'INSERT' and (new.is_primary_contact or jsonb_typeof(new.organizations) = 'array') then
    perform private.lock_relations(is_shared => false);
  end if;
  -- A list that no longer says what the rows say is forgotten, so that sending it again is a change.
  if tg_op = 'UPDATE' and new.organizations is not distinct from old.organizations
     and (new.company_id, new.role, new.is_primary_contact, new.purchase_influence, new.decision_authority)
         is distinct from (old.company_id, old.role, old.is_primary_contact, old.purchase_influence, old.decision_authority)
  then
    new.organizations := null;
  end if;
  if jsonb_typeof(new.organizations) = 'array'
     and (tg_op = 'INSERT' or new.organizations is distinct from old.organizations)
  then
    select e.value into own from jsonb_array_elements(new.organizations) e
     where e.value ->> 'organization_id' = new.company_id::text limit 1;
    -- In a new row the contact's own value wins over an empty one in the list.
    if own ? 'role' and (tg_op = 'UPDATE' or own ->> 'role' is not null) then
      new.role := nullif(own ->> 'role', '')::public.contact_role;
    end if;
    new.is_primary_contact := coalesce((own ->> 'is_primary_contact')::boolean, new.is_primary_contact);
    new.purchase_influence := coalesce(own ->> 'purchase_influence', new.purchase_influence);
    new.decision_authority := coalesce(own ->> 'decision_authority', new.decision_authority);
  end if;
  return new;
end $$;

-- The list a client sent -> rows: those named are made or changed, the others end as deleted. The
-- contact's own company is left out: its row follows the contact.
create function private.store_organizations(contact public.contacts) returns void
language plpgsql set search_path = '' as $$
begin
  update public.contact_organizations r
     set deleted_at = now(), is_primary_organization = false, is_primary_decision_maker = false
   where r.contact_id = contact.id and r.deleted_at is null
     and r.relationship_end_date is null
     and r.organization_id is distinct from contact.company_id
     and not exists (select from jsonb_array_elements(contact.organizations) e
                      where e.value ->> 'organization_id' = r.organization_id::text);
  insert into public.contact_organizations as r (
    contact_id, organization_id, role, is_primary_contact, purchase_influence, decision_authority, created_by)
  select contact.id, sent.organization_id, sent.role, sent.is_primary_contact,
         sent.purchase_influence, sent.decision_authority, contact.sales_id
    from (select distinct on (e.value ->> 'organization_id')
                 (e.value ->> 'organization_id')::bigint as organization_id,
                 nullif(e.value ->> 'role', '')::public.contact_role as role,
                 coalesce((e.value ->> 'is_primary_contact')::boolean, false) as is_primary_contact,
                 coalesce(e.value ->> 'purchase_influence', 'Unknown') as purchase_influence,
                 coalesce(e.value ->> 'decision_authority', 'End User') as decision_authority
            from jsonb_array_elements(contact.organizations) e
           where e.value ->> 'organization_id' is not null) sent
   where sent.organization_id is distinct from contact.company_id
  on conflict (contact_id, organization_id) where deleted_at is null do update
     set role = excluded.role, is_primary_contact = excluded.is_primary_contact,
         purchase_influence = excluded.purchase_influence, decision_authority = excluded.decision_authority,
         relationship_end_date = null;
end $$;

-- The contact -> the primary row. The row of the company that was left is closed, not deleted.
create function public.contacts_after_write() returns trigger
language plpgsql set search_path = '' as $$
declare
  before boolean;
begin
  if private.is_backfill() or private.in_step() then
    return null;
  end if;
  before := private.set_in_step(true);
  if tg_op = 'UPDATE' and new.company_id is distinct from old.company_id then
    update public.contact_organizations r
       set is_primary_organization = false,
           is_primary_decision_maker = false,
           relationship_end_date = greatest(current_date, r.relationship_start_date)
     where r.contact_id = new.id and r.is_primary_organization and r.deleted_at is null
       and r.organization_id is distinct from new.company_id;
  end if;
  if new.company_id is not null
     and (tg_op = 'INSERT'
          or (new.company_id, new.role, new.is_primary_contact, new.purchase_influence, new.decision_authority)
             is distinct from (old.company_id, old.role, old.is_primary_contact, old.purchase_influence, old.decision_authority))
  then
    insert into public.contact_organizations as r (
      contact_id, organization_id, is_primary_organization, role, is_primary_contact,
      purchase_influence, decision_authority, created_by)
    values (new.id, new.company_id, true, new.role, new.is_primary_contact,
            new.purchase_influence, new.decision_authority, new.sales_id)
    on conflict (contact_id, organization_id) where deleted_at is null do update
       set is_primary_organization = true, role = excluded.role, is_primary_contact = excluded.is_primary_contact,
           purchase_influence = excluded.purchase_influence, decision_authority = excluded.decision_authority,
           relationship_end_date = null;
  end if;
  if jsonb_typeof(new.organizations) = 'array'
     and (tg_op = 'INSERT' or new.organizations is distinct from old.organizations)
  then
    perform private.store_organizations(new);
  end if;
  perform private.set_in_step(before);
  return null;
end $$;

create trigger contacts_after_write
  after insert or update of company_id, role, is_primary_contact, purchase_influence, decision_authority, organizations
  on public.contacts
  for each row execute function public.contacts_after_write();

create function public.check_principal_organization() returns trigger
language plpgsql set search_path = '' as $$
begin
  if tg_op = 'UPDATE' and new *<> old and new.updated_at is not distinct from old.updated_at then
    new.updated_at := now();
  end if;
  if new.deleted_at is null
     and (tg_op = 'INSERT' or old.deleted_at is not null
          or new.principal_organization_id <> old.principal_organization_id)
     and not exists (select from public.companies c
                      where c.id = new.principal_organization_id and c.is_principal and c.deleted_at is null)
  then
    raise exception 'organization % is not a principal', new.principal_organization_id
      using errcode = 'check_violation', hint = 'Set is_principal on the company first.';
  end if;
  return new;
end $$;
create trigger check_principal_organization before insert or update on public.contact_preferred_principals
  for each row execute function public.check_principal_organization();
