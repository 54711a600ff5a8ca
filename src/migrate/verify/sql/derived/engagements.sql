-- Engagements that are not what the backfill makes of the contact note in the backup, and those without a note.
select 'derived.engagements', a.source_id::text
  from public.activities a
  left join ({wanted}) w ({columns}) on w.source_id = a.source_id
 where a.source = 'contact_note' and not (a.updated_at <> a.created_at and a.updated_at >= {since})
   and a.source_id not in {written contact_notes} and coalesce(a.contact_id, 0) not in {written contacts}
   and coalesce(w.contact_id, 0) not in {written contacts}
   and case when {same} then false
            when w.source_id is null then not exists (select from public.contact_notes n where n.id = a.source_id)
            else exists (
              select from {contact_notes} b join public.contact_notes n on n.id = b.id
               where b.id = a.source_id
                 and (b.contact_id, b.text, b.date, b.sales_id, b.attachments::text)
                     is not distinct from (n.contact_id, n.text, n.date, n.sales_id, n.attachments::text)) end
