-- The rules that the triggers keep, asked of every row: (rule, row that breaks it).
with
-- Few texts and stages, many rows: what the functions say is asked once per pair.
pairs as (
  select o.legacy_stage, o.stage, private.stage_fits(o.legacy_stage, o.stage) as fits
    from (select distinct legacy_stage, stage from public.opportunities) o),
stages as (
  select s.stage, private.stage_probability(s.stage) as probability, private.stage_status(s.stage) as status,
         private.stage_is_closed(s.stage) as is_closed
    from unnest(enum_range(null::public.opportunity_stage)) s (stage)),
customers as (
  select r.opportunity_id, count(*) as live, min(r.organization_id) as organization_id
    from public.opportunity_participants r
   where r.role = 'customer' and r.is_primary and r.deleted_at is null
   group by r.opportunity_id)
  select 'rules.stage_fits_legacy', o.id::text
    from public.opportunities o join pairs p on p.legacy_stage = o.legacy_stage and p.stage = o.stage
   where not p.fits
  union all
  select 'rules.probability', o.id::text
    from public.opportunities o join stages s on s.stage = o.stage
   where not (o.probability = s.probability
              or (not s.is_closed and (o.stage_manual or o.probability = private.untouched_probability())))
  union all
  select 'rules.status', o.id::text
    from public.opportunities o join stages s on s.stage = o.stage
   where o.status <> s.status and not o.status_manual
  union all
  select 'rules.customer', o.id::text
    from public.opportunities o where o.company_id is distinct from o.customer_organization_id
  union all
  select 'rules.archived', o.id::text
    from public.opportunities o where o.archived_at is distinct from o.deleted_at
  union all
  select 'rules.closing_date', o.id::text
    from public.opportunities o where o.estimated_close_date is distinct from o.expected_closing_date::date
  union all
  select 'rules.one_customer', o.id::text
    from public.opportunities o
    left join public.companies c on c.id = o.company_id
    left join customers p on p.opportunity_id = o.id
   where (c.id is not null and (p.live is distinct from 1 or p.organization_id <> o.company_id))
      or (c.id is null and p.live > 0)
  union all
  select 'rules.participants_agree', o.id::text
    from public.opportunities o
    left join public.opportunity_participants p
      on p.opportunity_id = o.id and p.role = 'principal' and p.is_primary and p.deleted_at is null
    left join public.opportunity_participants d
      on d.opportunity_id = o.id and d.role = 'distributor' and d.is_primary and d.deleted_at is null
   where p.organization_id is distinct from o.principal_organization_id
      or d.organization_id is distinct from o.distributor_organization_id
  union all
  select 'rules.participant_flags', r.id::text
    from public.opportunity_participants r join public.companies c on c.id = r.organization_id
   where r.deleted_at is null
     and case r.role when 'principal' then not c.is_principal when 'distributor' then not c.is_distributor else false end
  union all
  select 'rules.principal_flags', a.id::text
    from public.contact_preferred_principals a join public.companies c on c.id = a.principal_organization_id
   where a.deleted_at is null and not c.is_principal
  union all
  select 'rules.customer_role', c.id::text
    from public.companies c
   where c.organization_type = 'customer' and (c.is_principal or c.is_distributor)
  union all
  select 'rules.primary_organization', p.id::text
    from public.contacts p
    left join public.companies c on c.id = p.company_id
    left join public.contact_organizations r
      on r.contact_id = p.id and r.is_primary_organization and r.deleted_at is null
   where r.organization_id is distinct from c.id
  union all
  select 'rules.primary_contact', r.organization_id::text
    from public.contact_organizations r
   where r.deleted_at is null and (r.is_primary_contact or r.is_primary_decision_maker)
   group by r.organization_id having count(*) > 1
  union all
  select 'rules.opportunity_contacts',
         coalesce(wanted.opportunity_id, r.opportunity_id)::text
    from (select distinct o.id as opportunity_id, p.id as contact_id
            from public.opportunities o
            cross join unnest(o.contact_ids) u (id)
            join public.contacts p on p.id = u.id) wanted
    full join public.opportunity_contacts r
      on r.opportunity_id = wanted.opportunity_id and r.contact_id = wanted.contact_id
   where wanted.opportunity_id is null or r.opportunity_id is null
  union all
  select 'rules.first_contact', r.opportunity_id::text
    from public.opportunity_contacts r
   group by r.opportunity_id having count(*) filter (where r.is_primary) <> 1
  union all
  select 'rules.interaction', a.id::text
    from public.activities a
   where (a.activity_type = 'interaction') <> (a.opportunity_id is not null)
  union all
  select 'rules.founding_interaction', o.id::text
    from public.opportunities o left join public.activities a on a.id = o.founding_interaction_id
   where o.founding_interaction_id is not null and a.opportunity_id is distinct from o.id
  union all
  select 'rules.search', x.id::text
    from (select o.id from public.opportunities o where o.search_tsv is null
          union all select p.id from public.contacts p where p.search_tsv is null
          union all select c.id from public.companies c where c.search_tsv is null) x
