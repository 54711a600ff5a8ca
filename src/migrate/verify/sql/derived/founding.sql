-- Founding interactions of old deals that are not the first of the deal's notes, where no interaction came,
-- went or was edited and nobody edited the deal.
select 'derived.founding', o.id::text
  from public.opportunities o
  join {deals} b on b.id = o.id and b.updated_at is not distinct from o.updated_at
  join {wanted} w on w.id = o.id
  left join (select n.deal_id, count(*) as notes from {deal_notes} n group by n.deal_id) n on n.deal_id = o.id
  left join (select a.opportunity_id, count(*) as notes from public.activities a
              where a.source = 'deal_note' and not (a.updated_at <> a.created_at and a.updated_at >= {since})
              group by a.opportunity_id) a on a.opportunity_id = o.id
 where o.founding_interaction_id is distinct from w.activity_id
   and n.notes is not distinct from a.notes
   and o.id not in {written deals}
