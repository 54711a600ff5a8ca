-- Rows whose new face does not say what the old one says, by the migration's own definitions.
select 'stage', o.id from public.opportunities o
 where o.stage <> private.stage_forward(o.legacy_stage) and not private.stage_fits(o.legacy_stage, o.stage)
union all
select 'probability', o.id from public.opportunities o where o.probability <> private.stage_probability(o.stage) and not o.stage_manual
union all
select 'status', o.id from public.opportunities o where o.status <> private.stage_status(o.stage)
union all
select 'customer', o.id from public.opportunities o
 where o.customer_organization_id is distinct from o.company_id
    or o.deleted_at is distinct from o.archived_at
    or o.estimated_close_date is distinct from (o.expected_closing_date at time zone 'UTC')::date
union all
select 'closed', o.id from public.opportunities o where private.stage_is_closed(o.stage) <> (o.actual_close_date is not null)
union all
select 'search', o.id from public.opportunities o
 where o.search_tsv is distinct from private.search_vector(o.name, concat_ws(' ', o.category, o.next_action, o.description))
union all
select 'participant', o.id from public.opportunities o
 where o.company_id is distinct from (select r.organization_id from public.opportunity_participants r
                                       where r.opportunity_id = o.id and r.role = 'customer' and r.is_primary and r.deleted_at is null)
union all
select 'contacts', o.id from public.opportunities o
 where coalesce((select array_agg(r.contact_id order by r.position) from public.opportunity_contacts r where r.opportunity_id = o.id), '{}')
       is distinct from
       coalesce((select array_agg(x.id order by x.place) from
                  (select u.id, min(u.place) as place from unnest(o.contact_ids) with ordinality u (id, place)
                     join public.contacts p on p.id = u.id group by u.id) x), '{}')
    or (select count(*) filter (where r.is_primary) from public.opportunity_contacts r where r.opportunity_id = o.id)
       <> (select least(count(*), 1) from public.opportunity_contacts r where r.opportunity_id = o.id)
union all
select 'organization', p.id from public.contacts p
 where p.company_id is distinct from (select r.organization_id from public.contact_organizations r
                                       where r.contact_id = p.id and r.is_primary_organization and r.deleted_at is null)
union all
select 'contact search', p.id from public.contacts p where p.search_tsv is distinct from private.contact_search(p)
union all
select 'company search', c.id from public.companies c
 where c.search_tsv is distinct from private.search_vector(c.name, concat_ws(' ', c.sector, c.website, c.city, c.segment, c.address, c.description))
union all
select 'deal note', a.id from public.activities a
 where a.source = 'deal_note' and not exists (select from public."opportunityNotes" n where n.id = a.source_id and n.opportunity_id = a.opportunity_id)
union all
select 'deal note without activity', n.id from public."opportunityNotes" n
 where n.date < (select h.completed_at - interval '2 s' from migration.migration_history h where h.phase_number = 'cutover' and h.step is null)
   and not exists (select from public.activities a where a.source = 'deal_note' and a.source_id = n.id)
union all
select 'task', a.id from public.activities a
 where a.source = 'task' and not exists (select from public.tasks t where t.id = a.source_id and t.contact_id = a.contact_id)
union all
select 'founding', o.id from public.opportunities o
 where o.founding_interaction_id is null
   and exists (select from public.activities a where a.opportunity_id = o.id and a.source is not null)
order by 1, 2
