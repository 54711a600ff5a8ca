-- Organisations of old contacts that are not what the backfill makes of the contact in the backup. Those that
-- users added since are younger than the cut-over.
select 'derived.contact_organizations', a.contact_id || ' ' || a.organization_id
  from public.contact_organizations a
  join {contacts} b on b.id = a.contact_id
  join public.contacts t on t.id = b.id
  left join ({wanted}) w ({columns}) on w.contact_id = a.contact_id and w.organization_id = a.organization_id
 where a.deleted_at is null and not (a.updated_at <> a.created_at and a.updated_at >= {since})
   and not (a.created_at >= {since} and w.created_at is distinct from a.created_at and w.created_at is distinct from '-infinity')
   and a.contact_id not in {written contacts}
   and (b.company_id, b.sales_id, b.first_seen) is not distinct from (t.company_id, t.sales_id, t.first_seen)
   and (w.contact_id is null or not ({same}))
