-- Phase 1.4, data, additive: notes and some tasks are copied into activities and stay where they are. A
-- second run finds the pair (source, source_id) and adds nothing.

set local migration.backfill = 'on';

-- First 100 characters of the first line that says something.
create function private.activity_subject(body text) returns text
language sql immutable parallel safe set search_path = '' as $$
  select coalesce(nullif(left(btrim(substring(body from '[^\s][^\n\r]*')), 100), ''), '(no subject)')
$$;

-- A word or a sentence -> the type it names, or NULL.
create function private.activity_type_of(words text) returns public.interaction_type
language sql immutable parallel safe set search_path = '' as $$
  select case
    when words ~* '\mcalls?\M' then 'call'
    when words ~* '\me[- ]?mails?\M' then 'email'
    when words ~* '\m(meetings?|lunch)\M' then 'meeting'
    when words ~* '\mdemos?\M' then 'demo'
    when words ~* '\mfollow[-_ ]?ups?\M' then 'follow_up'
    when words ~* '\mvisits?\M' then 'visit'
  end::public.interaction_type
$$;

create function private.attachment_sources(files jsonb[]) returns text[]
language sql immutable parallel safe set search_path = '' as $$
  select array_agg(f ->> 'src') filter (where f ->> 'src' is not null) from unnest(files) f
$$;

insert into public.activities (
  activity_type, type, subject, description, activity_date, opportunity_id, organization_id,
  attachments, created_at, updated_at, created_by, source, source_id)
select 'interaction',
       coalesce((select e.value::public.interaction_type from unnest(enum_range(null::public.interaction_type)::text[]) e (value)
                  where e.value = regexp_replace(lower(btrim(n.type)), '[- ]+', '_', 'g')), 'follow_up'),
       private.activity_subject(n.text), n.text, coalesce(n.date, o.created_at), o.id, c.id,
       private.attachment_sources(n.attachments), coalesce(n.date, o.created_at), coalesce(n.date, o.created_at), s.id,
       'deal_note', n.id
  from public."opportunityNotes" n
  join public.opportunities o on o.id = n.opportunity_id
  left join public.companies c on c.id = o.company_id
  left join public.sales s on s.id = n.sales_id
 order by n.id
on conflict (source, source_id) do nothing;

insert into public.activities (
  activity_type, type, subject, description, activity_date, contact_id, organization_id,
  attachments, created_at, updated_at, created_by, source, source_id)
select 'engagement', 'follow_up', private.activity_subject(n.text), n.text,
       coalesce(n.date, p.first_seen, now()), p.id, c.id, private.attachment_sources(n.attachments),
       coalesce(n.date, p.first_seen, now()), coalesce(n.date, p.first_seen, now()), s.id, 'contact_note', n.id
  from public.contact_notes n
  join public.contacts p on p.id = n.contact_id
  left join public.companies c on c.id = p.company_id
  left join public.sales s on s.id = n.sales_id
 order by n.id
on conflict (source, source_id) do nothing;

-- Only tasks that name a kind of contact, in their type or else in their text, and only with a real date.
insert into public.activities (
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
 where coalesce(private.activity_type_of(t.type), private.activity_type_of(t.text)) is not null
   and isfinite(coalesce(t.done_date, t.due_date))
 order by t.id
on conflict (source, source_id) do nothing;

-- The first interaction of each opportunity. updated_at stays: nobody edited anything.
update public.opportunities o
   set founding_interaction_id = first.id
  from (select distinct on (a.opportunity_id) a.opportunity_id, a.id
          from public.activities a
         where a.activity_type = 'interaction' and a.deleted_at is null
         order by a.opportunity_id, a.activity_date, a.id) first
 where first.opportunity_id = o.id and o.founding_interaction_id is null;

set local migration.backfill = '';
