-- Phase 1.4, views. Days since are whole days of elapsed time.

create view public.engagement_analytics with (security_invoker = on) as
  select a.organization_id,
         c.name as organization_name,
         a.type,
         count(*) as engagement_count,
         count(distinct a.contact_id) as unique_contacts,
         avg(a.duration_minutes)::numeric(10, 1) as avg_duration_minutes,
         count(*) filter (where a.follow_up_required) as follow_ups_required,
         max(a.activity_date) as last_engagement_date
    from public.activities a
    left join public.companies c on c.id = a.organization_id
   where a.activity_type = 'engagement' and a.deleted_at is null
   group by a.organization_id, c.name, a.type;

create view public.interaction_analytics with (security_invoker = on) as
  select o.id as opportunity_id,
         o.name as opportunity_name,
         o.stage,
         count(a.id) as interaction_count,
         count(distinct a.contact_id) as unique_contacts,
         count(a.id) filter (where a.sentiment = 'positive') as positive_interactions,
         count(a.id) filter (where a.sentiment = 'neutral') as neutral_interactions,
         count(a.id) filter (where a.sentiment = 'negative') as negative_interactions,
         count(a.id) filter (where a.follow_up_required) as follow_ups_required,
         avg(a.duration_minutes)::numeric(10, 1) as avg_duration_minutes,
         min(a.activity_date) as first_interaction_date,
         max(a.activity_date) as last_interaction_date,
         floor(extract(epoch from now() - max(a.activity_date) filter (where isfinite(a.activity_date))) / 86400)::integer
           as days_since_last_interaction
    from public.opportunities o
    left join public.activities a on a.opportunity_id = o.id and a.deleted_at is null
   group by o.id;

create view public.contact_engagement_summary with (security_invoker = on) as
  select p.id as contact_id,
         btrim(concat_ws(' ', p.first_name, p.last_name)) as contact_name,
         p.company_id as organization_id,
         count(a.id) as total_activities,
         count(a.id) filter (where a.activity_type = 'engagement') as engagement_count,
         count(a.id) filter (where a.activity_type = 'interaction') as interaction_count,
         count(a.id) filter (where a.follow_up_required) as pending_follow_ups,
         max(a.activity_date) as last_activity_date,
         floor(extract(epoch from now() - max(a.activity_date) filter (where isfinite(a.activity_date))) / 86400)::integer
           as days_since_last_activity
    from public.contacts p
    left join public.activities a on a.contact_id = p.id and a.deleted_at is null
   group by p.id;
