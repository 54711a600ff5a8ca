-- Interactions that are not what the backfill makes of the deal note in the backup, and those without a note.
select 'derived.interactions', a.source_id::text
  from public.activities a
  left join ({wanted}) w ({columns}) on w.source_id = a.source_id
 where a.source = 'deal_note' and not (a.updated_at <> a.created_at and a.updated_at >= {since})
   and a.source_id not in {written deal_notes} and coalesce(a.opportunity_id, 0) not in {written deals}
   and coalesce(w.opportunity_id, 0) not in {written deals}
   and case when {same} then false
            when w.source_id is null then not exists (select from public."opportunityNotes" n where n.id = a.source_id)
            else exists (
              select from {deal_notes} b join public."opportunityNotes" n on n.id = b.id
               where b.id = a.source_id
                 and (b.deal_id, b.type, b.text, b.date, b.sales_id, b.attachments::text)
                     is not distinct from (n.opportunity_id, n.type, n.text, n.date, n.sales_id, n.attachments::text)) end
