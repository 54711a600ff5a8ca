-- Engagements that are not what the backfill makes of the task in the backup, and those that no task asks for.
select 'derived.tasks', a.source_id::text
  from public.activities a
  left join ({wanted}) w ({columns}) on w.source_id = a.source_id
 where a.source = 'task' and not (a.updated_at <> a.created_at and a.updated_at >= {since})
   and a.source_id not in {written tasks} and coalesce(a.contact_id, 0) not in {written contacts}
   and coalesce(w.contact_id, 0) not in {written contacts}
   and case when {same} then false
            when not exists (select from {tasks} b where b.id = a.source_id)
              then not exists (select from public.tasks t where t.id = a.source_id)
            else exists (
              select from {tasks} b join public.tasks t on t.id = b.id
               where b.id = a.source_id
                 and (b.contact_id, b.type, b.text, b.due_date, b.done_date, b.sales_id)
                     is not distinct from (t.contact_id, t.type, t.text, t.due_date, t.done_date, t.sales_id)) end
