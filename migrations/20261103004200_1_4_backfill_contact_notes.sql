-- Phase 1.4, data, additive: the notes of contacts, as those of deals.

set local migration.backfill = 'on';
set local timezone = 'UTC';

delete from public.activities a
 where a.source = 'contact_note' and a.source_id between private.batch_low() and private.batch_high()
   and not exists (select from private.contact_notes x where x.id = a.source_id);

select setval('public.activities_id_seq', coalesce((select max(a.id) from public.activities a), 0) + 1, false);
insert into public.activities as a (
  activity_type, type, subject, description, activity_date, contact_id, organization_id,
  attachments, created_at, updated_at, created_by, source, source_id)
select 'engagement', 'follow_up', private.activity_subject(n.text), n.text,
       coalesce(n.date, p.first_seen, private.migration_moment()), p.id, c.id, private.attachment_sources(n.attachments),
       coalesce(n.date, p.first_seen, private.migration_moment()), coalesce(n.date, p.first_seen, private.migration_moment()), s.id, 'contact_note', n.id
  from private.contact_notes n
  join public.contacts p on p.id = n.contact_id
  left join public.companies c on c.id = p.company_id
  left join public.sales s on s.id = n.sales_id
 where n.id between private.batch_low() and private.batch_high()
 order by n.id
on conflict (source, source_id) do update
   set type = excluded.type, subject = excluded.subject, description = excluded.description,
       activity_date = excluded.activity_date, contact_id = excluded.contact_id, organization_id = excluded.organization_id,
       opportunity_id = excluded.opportunity_id, follow_up_required = excluded.follow_up_required,
       follow_up_date = excluded.follow_up_date, attachments = excluded.attachments,
       created_at = excluded.created_at, updated_at = excluded.updated_at, created_by = excluded.created_by
 where (a.type, a.subject, a.description, a.activity_date, a.contact_id, a.organization_id, a.opportunity_id,
        a.follow_up_required, a.follow_up_date, a.attachments, a.created_by)
       is distinct from
       (excluded.type, excluded.subject, excluded.description, excluded.activity_date, excluded.contact_id,
        excluded.organization_id, excluded.opportunity_id, excluded.follow_up_required, excluded.follow_up_date,
        excluded.attachments, excluded.created_by);
select setval('public.activities_id_seq', coalesce(max(a.id), 1), max(a.id) is not null) from public.activities a;

set local migration.backfill = '';
