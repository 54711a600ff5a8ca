-- Phase 1.3, data: each distinct existing contact of a deal in the order of its array, the first one
-- primary. Running it again changes nothing; where the array has changed meanwhile, the rows change along.

set local migration.backfill = 'on';
set local timezone = 'UTC';

with wanted as (
  select one.opportunity_id, one.contact_id, one.position, one.created_at,
         one.position = min(one.position) over (partition by one.opportunity_id) as is_primary
    from (select d.id as opportunity_id, u.id as contact_id, d.created_at, min(u.place)::integer as position
            from public.deals d
            cross join unnest(d.contact_ids) with ordinality u (id, place)
            join public.contacts p on p.id = u.id
           where d.id between private.batch_low() and private.batch_high()
           group by d.id, u.id) one)
delete from public.opportunity_contacts r
 where r.opportunity_id between private.batch_low() and private.batch_high()
   and not exists (
     select from wanted w
      where (w.opportunity_id, w.contact_id, w.position, w.is_primary, w.created_at)
          = (r.opportunity_id, r.contact_id, r.position, r.is_primary, r.created_at));

select setval('public.opportunity_contacts_id_seq', coalesce((select max(r.id) from public.opportunity_contacts r), 0) + 1, false);
with wanted as (
  select one.opportunity_id, one.contact_id, one.position, one.created_at,
         one.position = min(one.position) over (partition by one.opportunity_id) as is_primary
    from (select d.id as opportunity_id, u.id as contact_id, d.created_at, min(u.place)::integer as position
            from public.deals d
            cross join unnest(d.contact_ids) with ordinality u (id, place)
            join public.contacts p on p.id = u.id
           where d.id between private.batch_low() and private.batch_high()
           group by d.id, u.id) one)
insert into public.opportunity_contacts (opportunity_id, contact_id, is_primary, position, created_at)
select w.opportunity_id, w.contact_id, w.is_primary, w.position, w.created_at
  from wanted w
 order by w.opportunity_id, w.position
on conflict (opportunity_id, contact_id) do nothing;
select setval('public.opportunity_contacts_id_seq', coalesce(max(r.id), 1), max(r.id) is not null) from public.opportunity_contacts r;

set local migration.backfill = '';
