-- Phase 1.4, data, additive: tasks that name a kind of contact, in their type or else in their text, and
-- that have a real date.

set local migration.backfill = 'on';
set local timezone = 'UTC';

delete from public.activities a
 where a.source = 'task' and a.source_id between private.batch_low() and private.batch_high()
   and not exists (select from public.tasks x where x.id = a.source_id
                      and coalesce(private.activity_type_of(x.type), private.activity_type_of(x.text)) is not null
                      and isfinite(coalesce(x.done_date, x.due_date)));

select setval('public.activities_id_seq', coalesce((select max(a.id) from public.activities a), 0) + 1, false);
insert into public.activities as a (
  activity_type, type, subject, activity_date, contact_id, organization_id, follow_up_required, follow_up_date,
  created_at, updated_at, created_by, source, source_id)
select 'engagement', coalesce(private.activity_type_of(t.type), private.activity_type_of(t.text)),
       coalesce(nullif(btrim(t.text), ''), t.type), coalesce(t.done_date, t.due_date), p.id, c.id,
       t.done_date is null,
       case when t.done_date is null then (t.due_date at time zone 'UTC')::date end,
       coalesce(t.done_date, t.due_date), coalesce(t.done_date, t.due_date), s.id, 'task', t.id
  from public.tasks t
  join public.contacts p on p.id = t.contact_id
  left join public.companies c on c.id = p.company_id
  left join public.sales s on s.id = t.sales_id
 where t.id between private.batch_low() and private.batch_high()
   and coalesce(private.activity_type_of(t.type), private.activity_type_of(t.text)) is not null
   and isfinite(coalesce(t.done_date, t.due_date))
 order by t.id
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
