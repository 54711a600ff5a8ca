-- What an auditor asks: (rule, row that breaks it). The old rows are those of the backup set, without those
-- that others wrote since: they are compared with what was written.
  -- Columns that remember the old value.
  select 'audit.company_id_backup', p.id::text
    from public.contacts p join {contacts} b on b.id = p.id
   where p.company_id_backup is distinct from b.company_id and b.id not in {written contacts}
  union all
  select 'audit.original_company_id', o.id::text
    from public.opportunities o join {deals} b on b.id = o.id
   where o.original_company_id is distinct from b.company_id and b.id not in {written deals}
  union all
  -- An archived row is neither gone nor shown as open.
  select 'audit.archived_rows', b.id::text
    from {deals} b left join public.opportunities_summary o on o.id = b.id
   where b.archived_at is not null and b.id not in {written deals}
     and (o.id is null or (o.archived_at is null and not (o.updated_at > b.updated_at)))
  union all
  -- The closing day of a deal that was closed is the day of its last change, not the day of the migration.
  select 'audit.actual_close_date', o.id::text
    from public.opportunities o join {deals} b on b.id = o.id
   where o.updated_at = b.updated_at and b.id not in {written deals}
     and o.actual_close_date is distinct from case when private.stage_is_closed(o.stage) then b.updated_at::date end
  union all
  -- Activities stand in time where their notes stood.
  select 'audit.note_order', 'deal_note ' || n.id
    from public.deal_notes n
    join {deal_notes} b on b.id = n.id
    join public.activities a on a.source = 'deal_note' and a.source_id = n.id
   where b.date is not null and a.created_at is distinct from b.date and b.id not in {written deal_notes}
  union all
  select 'audit.note_order', 'contact_note ' || n.id
    from public.contact_notes n
    join {contact_notes} b on b.id = n.id
    join public.activities a on a.source = 'contact_note' and a.source_id = n.id
   where b.date is not null and a.created_at is distinct from b.date and b.id not in {written contact_notes}
