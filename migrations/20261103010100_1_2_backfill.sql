-- Phase 1.2, data: one row per contact whose company exists. Running it again adds nothing.

set local migration.backfill = 'on';
set local timezone = 'UTC';

insert into public.contact_organizations (
  contact_id, organization_id, is_primary_organization, role, purchase_influence, decision_authority,
  relationship_start_date, created_at, updated_at, created_by)
select p.id, p.company_id, true, p.role, p.purchase_influence, p.decision_authority,
       coalesce(p.first_seen::date, current_date), coalesce(p.first_seen, now()), coalesce(p.first_seen, now()), s.id
  from public.contacts p
  join public.companies c on c.id = p.company_id
  left join public.sales s on s.id = p.sales_id
 order by p.id
on conflict (contact_id, organization_id) where deleted_at is null do nothing;

set local migration.backfill = '';
