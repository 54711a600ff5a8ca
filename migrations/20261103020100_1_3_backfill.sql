-- Phase 1.3, data: the customer of each opportunity, and each distinct existing contact in the order of the
-- array, the first one primary. Running it again adds nothing.

set local migration.backfill = 'on';

insert into public.opportunity_participants (opportunity_id, organization_id, role, is_primary, created_at, updated_at, created_by)
select o.id, o.company_id, 'customer', true, o.created_at, o.created_at, s.id
  from public.opportunities o
  join public.companies c on c.id = o.company_id
  left join public.sales s on s.id = o.sales_id
 order by o.id
on conflict (opportunity_id, organization_id, role) where deleted_at is null do nothing;

insert into public.opportunity_contacts (opportunity_id, contact_id, is_primary, position, created_at)
select distinct_ids.opportunity_id, distinct_ids.contact_id,
       distinct_ids.position = min(distinct_ids.position) over (partition by distinct_ids.opportunity_id),
       distinct_ids.position, distinct_ids.created_at
  from (select o.id as opportunity_id, u.id as contact_id, o.created_at, min(u.place)::integer as position
          from public.opportunities o
          cross join unnest(o.contact_ids) with ordinality u (id, place)
          join public.contacts p on p.id = u.id
         group by o.id, u.id) distinct_ids
 order by distinct_ids.opportunity_id, distinct_ids.position
on conflict (opportunity_id, contact_id) do nothing;

set local migration.backfill = '';
