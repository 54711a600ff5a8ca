-- Phase 1.4, data, additive: each note of a deal is copied into activities and stays where it is. A second
-- run finds the pair (source, source_id): it changes what has changed meanwhile, and adds nothing.

set local migration.backfill = 'on';
set local timezone = 'UTC';

delete from public.activities a
 where a.source = 'deal_note' and a.source_id between private.batch_low() and private.batch_high()
   and not exists (select from private.deal_notes x where x.id = a.source_id);

select setval('public.activities_id_seq', coalesce((select max(a.id) from public.activities a), 0) + 1, false);
insert into public.activities as a (
  activity_type, type, subject, description, activity_date, opportunity_id, organization_id,
  attachments, created_at, updated_at, created_by, source, source_id)
select 'interaction',
       coalesce((select e.value::public.interaction_type from unnest(enum_range(null::public.interaction_type)::text[]) e (value)
                  where e.value = regexp_replace(lower(btrim(n.type)), '[- ]+', '_', 'g')), 'follow_up'),
       private.activity_subject(n.text), n.text, coalesce(n.date, o.created_at), o.id, c.id,
       private.attachment_sources(n.attachments), coalesce(n.date, o.created_at), coalesce(n.date, o.created_at), s.id,
       'deal_note', n.id
  from private.deal_notes n
  join public.deals o on o.id = n.deal_id
  left join public.companies c on c.id = o.company_id
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
