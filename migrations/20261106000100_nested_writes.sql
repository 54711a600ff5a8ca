-- Relations that a client sends with the row: see the setting crm.nested in the server, and the column
-- organizations of contacts. Everything runs with the caller's rights.

-- As before, and what an element does not say stays as it is: a list of ids alone keeps roles.
create or replace function private.store_organizations(contact public.contacts) returns void
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
                 case when e.value ? 'role' then nullif(e.value ->> 'role', '')::public.contact_role else known.role end as role,
                 coalesce((e.value ->> 'is_primary_contact')::boolean, known.is_primary_contact, false) as is_primary_contact,
                 coalesce(e.value ->> 'purchase_influence', known.purchase_influence, 'Unknown') as purchase_influence,
                 coalesce(e.value ->> 'decision_authority', known.decision_authority, 'End User') as decision_authority
            from jsonb_array_elements(contact.organizations) e
            left join public.contact_organizations known
              on known.contact_id = contact.id and known.deleted_at is null
             and known.organization_id::text = e.value ->> 'organization_id'
           where e.value ->> 'organization_id' is not null) sent
   where sent.organization_id is distinct from contact.company_id
  on conflict (contact_id, organization_id) where deleted_at is null do update
     set role = excluded.role, is_primary_contact = excluded.is_primary_contact,
         purchase_influence = excluded.purchase_influence, decision_authority = excluded.decision_authority,
         relationship_end_date = null;
end $$;

-- After the rules of the row (triggers fire in the order of their names): its participants become the list
-- that was sent; its contacts, which contact_ids named already, get role and place. In contact_ids a contact may be
-- missing; here it is refused, in the words of the foreign key, as an organisation is.
create function public.opportunities_nested() returns trigger
language plpgsql set search_path = '' as $$
#variable_conflict use_variable
declare
  nested jsonb := current_setting('crm.nested', true)::jsonb;
  place integer;
  first_contact bigint;
  missing text;
begin
  if private.is_backfill() then
    return null;
  end if;
  -- Several rows in one request: how many they are, in how many parts their lists came, rows of a part. A row's
  -- place in the body was noted when it was proposed, which says something only if each row was.
  if jsonb_typeof(nested) = 'array' then
    place := ('{' || current_setting('crm.nested_ids_' || abs(new.id % (nested ->> 1)::integer), true) || '}')::jsonb
             ->> new.id::text;
    if place is null or current_setting('crm.nested_rows', true) is distinct from nested ->> 0 then
      raise exception 'which of the lists belong to opportunity % cannot be told', new.id
        using detail = format('%s rows were sent, and %s reached the table.', nested ->> 0,
                              coalesce(nullif(current_setting('crm.nested_rows', true), ''), '0')),
              hint = 'A trigger of this database skips rows or changes their ids. Send the rows one by one.';
    end if;
    nested := current_setting('crm.nested_' || place / (nested ->> 2)::integer)::jsonb
              -> place % (nested ->> 2)::integer;
  end if;
  if nested ? 'participants' then
    perform public.sync_opportunity_participants(
      new.id, array(select e.value from jsonb_array_elements(nested -> 'participants') e));
  end if;
  if nested ? 'contacts' then
    select e.value ->> 'contact_id' into missing
      from jsonb_array_elements(nested -> 'contacts') e
     where not exists (select from public.opportunity_contacts r
                        where r.opportunity_id = new.id and r.contact_id = (e.value ->> 'contact_id')::bigint)
     limit 1;
    if found then
      raise foreign_key_violation using
        message = 'insert or update on table "opportunity_contacts" violates foreign key constraint '
                  || '"opportunity_contacts_contact_id_fkey"',
        detail = format('Key (contact_id)=(%s) is not present in table "contacts".', missing),
        schema = 'public', table = 'opportunity_contacts', constraint = 'opportunity_contacts_contact_id_fkey';
    end if;
    update public.opportunity_contacts r
       set role = case when sent.item ? 'role' then nullif(sent.item ->> 'role', '')::public.contact_role else r.role end
      from (select distinct on (e.value ->> 'contact_id') e.value as item
              from jsonb_array_elements(nested -> 'contacts') e) sent
     where r.opportunity_id = new.id and r.contact_id = (sent.item ->> 'contact_id')::bigint
       and sent.item ? 'role'
       and r.role is distinct from nullif(sent.item ->> 'role', '')::public.contact_role;
    select (e.value ->> 'contact_id')::bigint into first_contact
      from jsonb_array_elements(nested -> 'contacts') e
     where (e.value ->> 'is_primary')::boolean limit 1;
    update public.opportunity_contacts r set is_primary = true
     where r.opportunity_id = new.id and r.contact_id = first_contact and not r.is_primary;
  end if;
  return null;
end $$;
revoke all on function public.opportunities_nested() from public, anon, authenticated;

create trigger opportunities_nested after insert or update on public.opportunities
  for each row when (pg_trigger_depth() = 0 and current_setting('crm.nested', true) <> '')
  execute function public.opportunities_nested();
