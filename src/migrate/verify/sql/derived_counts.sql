-- What the migration made out of the old rows: (rule, old row that is missing in the new tables). Only old
-- rows that are still there, so what users deleted since does not count.
  select 'counts.customers', o.id::text
    from {deals} b
    join public.opportunities o on o.id = b.id
    join public.companies c on c.id = o.company_id
   where not exists (select from public.opportunity_participants r
                      where r.opportunity_id = o.id and r.role = 'customer' and r.is_primary and r.deleted_at is null)
  union all
  select 'counts.primary_organizations', p.id::text
    from {contacts} b
    join public.contacts p on p.id = b.id
    join public.companies c on c.id = p.company_id
   where not exists (select from public.contact_organizations r
                      where r.contact_id = p.id and r.is_primary_organization and r.deleted_at is null)
  union all
  select 'counts.opportunity_contacts', o.id || ' ' || p.id
    from {deals} b
    join public.opportunities o on o.id = b.id
    cross join lateral (select distinct u.id from unnest(o.contact_ids) u (id)) u
    join public.contacts p on p.id = u.id
    left join public.opportunity_contacts r on r.opportunity_id = o.id and r.contact_id = p.id
   where r.id is null
  union all
  select 'counts.interactions', n.id::text
    from {deal_notes} b
    join public."opportunityNotes" n on n.id = b.id
    join public.opportunities o on o.id = n.opportunity_id
    left join public.activities a on a.source = 'deal_note' and a.source_id = n.id
   where a.id is null
  union all
  select 'counts.engagements', n.id::text
    from {contact_notes} b
    join public.contact_notes n on n.id = b.id
    join public.contacts p on p.id = n.contact_id
    left join public.activities a on a.source = 'contact_note' and a.source_id = n.id
   where a.id is null
  union all
  select 'counts.tasks', t.id::text
    from {tasks} b
    join public.tasks t on t.id = b.id
    join public.contacts p on p.id = t.contact_id
    left join public.activities a on a.source = 'task' and a.source_id = t.id
   where a.id is null and b.id not in {written tasks}
     and coalesce(private.activity_type_of(b.type), private.activity_type_of(b.text)) is not null
     and isfinite(coalesce(b.done_date, b.due_date))
