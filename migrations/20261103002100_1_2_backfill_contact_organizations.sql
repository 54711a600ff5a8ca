-- Phase 1.2, data: one row per contact whose company exists. Running it again changes nothing; where a
-- contact has moved meanwhile, its row moves along.

set local migration.backfill = 'on';
set local timezone = 'UTC';

delete from public.contact_organizations r
 using public.contacts p
 where r.contact_id = p.id and p.id between private.batch_low() and private.batch_high()
   and r.organization_id is distinct from p.company_id;

-- An attempt that was cut off, or a crash of the server, has taken numbers that no row has.
select setval('public.contact_organizations_id_seq', coalesce((select max(r.id) from public.contact_organizations r), 0) + 1, false);
insert into public.contact_organizations as r (
  contact_id, organization_id, is_primary_organization, role, purchase_influence, decision_authority,
  relationship_start_date, created_at, updated_at, created_by)
select p.id, p.company_id, true, p.role, p.purchase_influence, p.decision_authority,
       coalesce(p.first_seen, private.migration_moment())::date,
       coalesce(p.first_seen, private.migration_moment()), coalesce(p.first_seen, private.migration_moment()), s.id
  from public.contacts p
  join public.companies c on c.id = p.company_id
  left join public.sales s on s.id = p.sales_id
 where p.id between private.batch_low() and private.batch_high()
 order by p.id
on conflict (contact_id, organization_id) where deleted_at is null do update
   set relationship_start_date = excluded.relationship_start_date, created_at = excluded.created_at,
       updated_at = excluded.updated_at, created_by = excluded.created_by
 where (r.relationship_start_date, r.created_at, r.created_by)
       is distinct from (excluded.relationship_start_date, excluded.created_at, excluded.created_by);
select setval('public.contact_organizations_id_seq', coalesce(max(r.id), 1), max(r.id) is not null) from public.contact_organizations r;

set local migration.backfill = '';
