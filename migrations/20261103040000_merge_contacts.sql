-- After phase 1.4: merging two contacts moves what the new tables hold as well, on both variants. The
-- loser is deleted at the end, and what still refers to it then goes with it.

create or replace function public.merge_contacts(loser_id bigint, winner_id bigint) returns bigint
language plpgsql set search_path to 'public' as $$
#variable_conflict use_variable
declare
  winner contacts%rowtype;
  loser contacts%rowtype;
begin
  perform private.lock_relations(is_shared => false);
  -- In the order of ids, so that two merges of the same pair wait for each other.
  perform from contacts c where c.id in (loser_id, winner_id) order by c.id for update;
  select c.* into winner from contacts c where c.id = winner_id;
  select c.* into loser from contacts c where c.id = loser_id;
  if winner.id is null or loser.id is null then
    raise exception 'Contact not found';
  end if;
  if loser_id = winner_id then
    raise exception 'A contact cannot be merged with itself' using errcode = 'invalid_parameter_value';
  end if;
  update tasks t set contact_id = winner_id where t.contact_id = loser_id;
  update contact_notes n set contact_id = winner_id where n.contact_id = loser_id;
  perform private.merge_relations(loser_id, winner_id);
  update opportunities o
     set contact_ids = (select array_agg(k.id order by k.place)
                          from (select u.id, min(u.place) as place
                                  from unnest(array_replace(o.contact_ids, loser_id, winner_id)) with ordinality u (id, place)
                                 group by u.id) k)
   where o.contact_ids @> array[loser_id];
  update contacts c
     set avatar = coalesce(winner.avatar, loser.avatar),
         gender = coalesce(winner.gender, loser.gender),
         first_name = coalesce(winner.first_name, loser.first_name),
         last_name = coalesce(winner.last_name, loser.last_name),
         title = coalesce(winner.title, loser.title),
         company_id = coalesce(winner.company_id, loser.company_id),
         linkedin_url = coalesce(winner.linkedin_url, loser.linkedin_url),
         background = coalesce(winner.background, loser.background),
         has_newsletter = coalesce(winner.has_newsletter, loser.has_newsletter),
         first_seen = least(winner.first_seen, loser.first_seen),
         last_seen = greatest(winner.last_seen, loser.last_seen),
         sales_id = coalesce(winner.sales_id, loser.sales_id),
         role = coalesce(winner.role, loser.role),
         department = coalesce(winner.department, loser.department),
         organizations = null,
         tags = array(select distinct t from unnest(winner.tags || loser.tags) t order by t),
         email_jsonb = private.merge_entries(winner.email_jsonb, loser.email_jsonb, 'email'),
         phone_jsonb = private.merge_entries(winner.phone_jsonb, loser.phone_jsonb, 'number')
   where c.id = winner_id;
  delete from contacts c where c.id = loser_id;
  return winner_id;
end $$;

-- Two lists of objects -> one, each value of the key once, the winner's entry before the loser's.
create function private.merge_entries(winner jsonb, loser jsonb, key text) returns jsonb
language sql immutable set search_path = '' as $$
  select coalesce(jsonb_agg(e.entry order by e.entry ->> key), '[]')
    from (select distinct on (x.entry ->> key) x.entry
            from jsonb_array_elements(case when jsonb_typeof(winner) = 'array' then winner else '[]' end
                                   || case when jsonb_typeof(loser) = 'array' then loser else '[]' end)
                 with ordinality x (entry, place)
           order by x.entry ->> key, x.place) e
$$;

-- The loser's rows in the tables of phases 1.2 to 1.4 -> the winner's. Where the winner has the same pair
-- already, the winner's stays and the loser's goes with the loser.
create function private.merge_relations(loser_id bigint, winner_id bigint) returns void
language plpgsql set search_path = '' as $$
#variable_conflict use_variable
declare
  before boolean := private.set_in_step(true);
begin
  update public.contact_organizations r
     set contact_id = winner_id, is_primary_organization = false
   where r.contact_id = loser_id
     and (r.deleted_at is not null
          or not exists (select from public.contact_organizations w
                          where w.contact_id = winner_id and w.organization_id = r.organization_id and w.deleted_at is null));
  update public.contact_preferred_principals a set contact_id = winner_id
   where a.contact_id = loser_id
     and (a.deleted_at is not null
          or not exists (select from public.contact_preferred_principals w
                          where w.contact_id = winner_id and w.principal_organization_id = a.principal_organization_id
                            and w.deleted_at is null));
  update public.opportunity_contacts r
     set is_primary = true
   where r.contact_id = winner_id and not r.is_primary
     and exists (select from public.opportunity_contacts l
                  where l.contact_id = loser_id and l.opportunity_id = r.opportunity_id and l.is_primary);
  update public.opportunity_contacts r set contact_id = winner_id
   where r.contact_id = loser_id
     and not exists (select from public.opportunity_contacts w
                      where w.contact_id = winner_id and w.opportunity_id = r.opportunity_id);
  update public.activities a set contact_id = winner_id where a.contact_id = loser_id;
  update public.interaction_participants i set contact_id = winner_id where i.contact_id = loser_id;
  perform private.set_in_step(before);
end $$;
