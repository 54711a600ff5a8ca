-- Phase 1.3, views.

create view public.opportunities_with_participants with (security_invoker = on) as
  select o.*,
         (select jsonb_build_object('organization_id', c.id, 'name', c.name)
            from public.opportunity_participants r join public.companies c on c.id = r.organization_id
           where r.opportunity_id = o.id and r.role = 'customer' and r.is_primary and r.deleted_at is null) as primary_customer,
         coalesce((select jsonb_agg(jsonb_build_object('organization_id', c.id, 'name', c.name, 'is_primary', r.is_primary)
                     order by r.is_primary desc, r.id)
            from public.opportunity_participants r join public.companies c on c.id = r.organization_id
           where r.opportunity_id = o.id and r.role = 'principal' and r.deleted_at is null), '[]') as principals,
         coalesce((select jsonb_agg(jsonb_build_object('organization_id', c.id, 'name', c.name, 'is_primary', r.is_primary)
                     order by r.is_primary desc, r.id)
            from public.opportunity_participants r join public.companies c on c.id = r.organization_id
           where r.opportunity_id = o.id and r.role = 'distributor' and r.deleted_at is null), '[]') as distributors,
         (select count(*) from public.opportunity_participants r
           where r.opportunity_id = o.id and r.deleted_at is null) as participant_count,
         (select count(*) from public.opportunity_participants r
           where r.opportunity_id = o.id and r.role = 'principal' and r.deleted_at is null) as principal_count
    from public.opportunities o;

-- The organisation columns as the participants say they are: equal to the stored ones, by trigger.
create view public.opportunities_legacy with (security_invoker = on) as
  select o.*,
         (select r.organization_id from public.opportunity_participants r
           where r.opportunity_id = o.id and r.role = 'customer' and r.is_primary and r.deleted_at is null)
           as customer_organization_id_computed,
         (select r.organization_id from public.opportunity_participants r
           where r.opportunity_id = o.id and r.role = 'principal' and r.is_primary and r.deleted_at is null)
           as principal_organization_id_computed,
         (select r.organization_id from public.opportunity_participants r
           where r.opportunity_id = o.id and r.role = 'distributor' and r.is_primary and r.deleted_at is null)
           as distributor_organization_id_computed
    from public.opportunities o;
