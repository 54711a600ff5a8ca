-- Phase 1.3, data: the customer of each opportunity. Running it again changes nothing; where a deal has
-- changed its company meanwhile, its customer changes along.

set local migration.backfill = 'on';
set local timezone = 'UTC';

delete from public.opportunity_participants r
 using public.deals d
 where r.opportunity_id = d.id and d.id between private.batch_low() and private.batch_high()
   and r.organization_id is distinct from d.company_id;

select setval('public.opportunity_participants_id_seq', coalesce((select max(r.id) from public.opportunity_participants r), 0) + 1, false);
insert into public.opportunity_participants as r (opportunity_id, organization_id, role, is_primary, created_at, updated_at, created_by)
select d.id, d.company_id, 'customer', true, d.created_at, d.created_at, s.id
  from public.deals d
  join public.companies c on c.id = d.company_id
  left join public.sales s on s.id = d.sales_id
 where d.id between private.batch_low() and private.batch_high()
 order by d.id
on conflict (opportunity_id, organization_id, role) where deleted_at is null do update
   set created_at = excluded.created_at, updated_at = excluded.updated_at, created_by = excluded.created_by
 where (r.created_at, r.created_by) is distinct from (excluded.created_at, excluded.created_by);
select setval('public.opportunity_participants_id_seq', coalesce(max(r.id), 1), max(r.id) is not null) from public.opportunity_participants r;

set local migration.backfill = '';
