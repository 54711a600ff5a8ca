-- Phase 1.2, views. contacts_summary learns the contact's present organisations.

select private.rebuild_summaries($extra$,
  (select count(*)::integer from public.contact_organizations r
    where r.contact_id = p.id and r.deleted_at is null
      and (r.relationship_end_date is null or r.relationship_end_date > current_date)) as total_organizations,
  coalesce((select jsonb_agg(jsonb_build_object(
              'id', r.id, 'contact_id', r.contact_id, 'organization_id', r.organization_id, 'organization_name', c.name,
              'is_primary_organization', r.is_primary_organization, 'is_primary_contact', r.is_primary_contact,
              'role', r.role, 'purchase_influence', r.purchase_influence, 'decision_authority', r.decision_authority)
              order by r.is_primary_organization desc, r.id)
     from public.contact_organizations r join public.companies c on c.id = r.organization_id
    where r.contact_id = p.id and r.deleted_at is null
      and (r.relationship_end_date is null or r.relationship_end_date > current_date)), '[]') as organizations,
  array(select r.organization_id from public.contact_organizations r
    where r.contact_id = p.id and r.deleted_at is null
      and (r.relationship_end_date is null or r.relationship_end_date > current_date)
    order by r.is_primary_organization desc, r.id) as organization_ids
$extra$);

-- Averages are taken before organisations are joined: else each advocacy counts once per organisation.
create view public.contact_influence_profile with (security_invoker = on) as
  select p.id as contact_id,
         btrim(concat_ws(' ', p.first_name, p.last_name)) as contact_name,
         p.title,
         coalesce(r.organization_count, 0) as organization_count,
         coalesce(a.advocated_principals_count, 0) as advocated_principals_count,
         a.avg_advocacy_strength,
         r.highest_role,
         coalesce(r.organizations, '[]') as organizations,
         coalesce(a.advocated_principals, '[]') as advocated_principals
    from public.contacts p
    left join lateral (
      select count(*) as organization_count,
             min(x.role) as highest_role, -- the enum begins with the strongest role
             jsonb_agg(jsonb_build_object('organization_id', x.organization_id, 'name', c.name, 'role', x.role,
               'is_primary_organization', x.is_primary_organization, 'purchase_influence', x.purchase_influence)
               order by x.is_primary_organization desc, x.id) as organizations
        from public.contact_organizations x join public.companies c on c.id = x.organization_id
       where x.contact_id = p.id and x.deleted_at is null) r on true
    left join lateral (
      select count(*) as advocated_principals_count,
             avg(x.advocacy_strength)::numeric(3, 1) as avg_advocacy_strength,
             jsonb_agg(jsonb_build_object('principal_id', x.principal_organization_id, 'name', c.name,
               'advocacy_strength', x.advocacy_strength, 'relationship_type', x.relationship_type)
               order by x.advocacy_strength desc, x.id) as advocated_principals
        from public.contact_preferred_principals x join public.companies c on c.id = x.principal_organization_id
       where x.contact_id = p.id and x.deleted_at is null) a on true
   where p.deleted_at is null;

create view public.principal_advocacy_dashboard with (security_invoker = on) as
  select c.id as principal_id,
         c.name as principal_name,
         coalesce(a.advocate_count, 0) as advocate_count,
         (select count(distinct r.organization_id)
            from public.contact_preferred_principals x
            join public.contact_organizations r on r.contact_id = x.contact_id and r.deleted_at is null
           where x.principal_organization_id = c.id and x.deleted_at is null) as reached_organizations,
         a.avg_advocacy_strength,
         coalesce(a.strong_advocates, 0) as strong_advocates,
         coalesce(a.moderate_advocates, 0) as moderate_advocates,
         coalesce(a.weak_advocates, 0) as weak_advocates
    from public.companies c
    left join lateral (
      select count(distinct x.contact_id) as advocate_count,
             avg(x.advocacy_strength)::numeric(3, 1) as avg_advocacy_strength,
             count(*) filter (where x.advocacy_strength >= 8) as strong_advocates,
             count(*) filter (where x.advocacy_strength between 5 and 7) as moderate_advocates,
             count(*) filter (where x.advocacy_strength < 5) as weak_advocates
        from public.contact_preferred_principals x
       where x.principal_organization_id = c.id and x.deleted_at is null) a on true
   where c.is_principal and c.deleted_at is null;
