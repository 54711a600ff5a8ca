-- Phase 1.2, functions. All run with the caller's rights.

create function private.full_name(first_name text, last_name text) returns text
language sql immutable parallel safe set search_path = '' as $$
  select btrim(concat_ws(' ', first_name, last_name))
$$;

create function public.get_contact_organizations(contact bigint)
returns table (
  id bigint, organization_id bigint, organization_name text, is_primary_organization boolean,
  is_primary_contact boolean, is_primary_decision_maker boolean, role public.contact_role,
  purchase_influence varchar, decision_authority varchar,
  relationship_start_date date, relationship_end_date date, notes text)
language sql stable set search_path = '' as $$
  select r.id, r.organization_id, c.name, r.is_primary_organization, r.is_primary_contact, r.is_primary_decision_maker,
         r.role, r.purchase_influence, r.decision_authority, r.relationship_start_date, r.relationship_end_date, r.notes
    from public.contact_organizations r
    join public.companies c on c.id = r.organization_id
   where r.contact_id = $1 and r.deleted_at is null
   order by r.is_primary_organization desc, c.name, r.id
$$;

create function public.get_organization_contacts(organization bigint)
returns table (
  id bigint, contact_id bigint, contact_name text, title text, is_primary_organization boolean,
  is_primary_contact boolean, is_primary_decision_maker boolean, role public.contact_role,
  purchase_influence varchar, decision_authority varchar,
  relationship_start_date date, relationship_end_date date)
language sql stable set search_path = '' as $$
  select r.id, r.contact_id, private.full_name(p.first_name, p.last_name), p.title, r.is_primary_organization,
         r.is_primary_contact, r.is_primary_decision_maker, r.role, r.purchase_influence, r.decision_authority,
         r.relationship_start_date, r.relationship_end_date
    from public.contact_organizations r
    join public.contacts p on p.id = r.contact_id
   where r.organization_id = $1 and r.deleted_at is null
   order by r.is_primary_contact desc, 3, r.id
$$;

-- Makes or changes the live pair. A new first contact of an organisation takes the place of the old one.
create function public.add_contact_to_organization(
  contact bigint, organization bigint, is_primary_contact boolean default false,
  is_primary_decision_maker boolean default false, role public.contact_role default null,
  purchase_influence text default 'Unknown', created_by bigint default null)
returns bigint
language plpgsql set search_path = '' as $$
#variable_conflict use_variable
declare
  first_contact boolean := coalesce($3, false) or coalesce($4, false);
  found bigint;
begin
  if contact is null or organization is null then
    raise exception 'contact and organization are required' using errcode = 'invalid_parameter_value';
  end if;
  if first_contact then
    update public.contact_organizations r set is_primary_decision_maker = false
     where r.organization_id = organization and r.contact_id <> contact
       and r.is_primary_decision_maker and r.deleted_at is null;
  end if;
  insert into public.contact_organizations as r (
    contact_id, organization_id, is_primary_contact, is_primary_decision_maker, role, purchase_influence, created_by)
  values ($1, $2, first_contact, first_contact, $5, $6, $7)
  on conflict (contact_id, organization_id) where deleted_at is null do update
     set is_primary_contact = excluded.is_primary_contact,
         is_primary_decision_maker = excluded.is_primary_decision_maker,
         role = coalesce(excluded.role, r.role),
         purchase_influence = excluded.purchase_influence,
         relationship_end_date = null
  returning r.id into found;
  return found;
end $$;

create function public.add_principal_advocacy(
  contact bigint, principal bigint, strength integer default 5, notes text default null,
  relationship_type text default 'professional', created_by bigint default null)
returns bigint
language plpgsql set search_path = '' as $$
#variable_conflict use_variable
declare
  found bigint;
begin
  if not coalesce((select c.is_principal from public.companies c where c.id = principal), false) then
    raise exception 'organization % is not a principal', principal using errcode = 'check_violation';
  end if;
  insert into public.contact_preferred_principals as a (
    contact_id, principal_organization_id, advocacy_strength, advocacy_notes, relationship_type,
    last_interaction_date, created_by)
  values ($1, $2, $3, $4, $5, current_date, $6)
  on conflict (contact_id, principal_organization_id) where deleted_at is null do update
     set advocacy_strength = excluded.advocacy_strength,
         advocacy_notes = coalesce(excluded.advocacy_notes, a.advocacy_notes),
         relationship_type = excluded.relationship_type,
         last_interaction_date = excluded.last_interaction_date
  returning a.id into found;
  return found;
end $$;
