-- Every opportunity with what hangs on it, and whether company_id and contact_ids say the same as its relations.
select o.id, to_jsonb(o)::text,
       coalesce((select string_agg(p::text, E'\n' order by p.id) from public.opportunity_participants p
                  where p.opportunity_id = o.id), ''),
       coalesce((select string_agg(c::text, E'\n' order by c.id) from public.opportunity_contacts c
                  where c.opportunity_id = o.id), ''),
       array(select p.organization_id from public.opportunity_participants p
              where p.opportunity_id = o.id and p.role = 'customer' and p.is_primary and p.deleted_at is null)
         = array(select o.company_id where o.company_id is not null)
       and array(select c.contact_id from public.opportunity_contacts c where c.opportunity_id = o.id order by c.position)
         = array(select u.id from unnest(o.contact_ids) with ordinality u (id, place)
                   join public.contacts k on k.id = u.id group by u.id order by min(u.place))
  from public.opportunities o
