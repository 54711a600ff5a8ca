-- Participants of old deals that are not what the backfill makes of the deal in the backup. Those that users
-- added since are younger than the cut-over.
select 'derived.participants', a.opportunity_id || ' ' || a.organization_id || ' ' || a.role
  from public.opportunity_participants a
  join {deals} b on b.id = a.opportunity_id
  join public.opportunities t on t.id = b.id
  left join ({wanted}) w ({columns})
    on w.opportunity_id = a.opportunity_id and w.organization_id = a.organization_id and w.role = a.role
 where a.deleted_at is null and not (a.updated_at <> a.created_at and a.updated_at >= {since})
   and not (a.created_at >= {since} and w.created_at is distinct from a.created_at)
   and a.opportunity_id not in {written deals}
   and (b.company_id, b.sales_id, b.created_at) is not distinct from (t.company_id, t.sales_id, t.created_at)
   and (w.opportunity_id is null or not ({same}))
