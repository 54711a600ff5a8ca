-- Opportunities whose new columns are not what the backfill makes of the deal in the backup, or hold what only
-- a user can have put there, although nobody edited them.
select 'derived.opportunities', o.id::text
  from public.opportunities o
  join {deals} b on b.id = o.id and b.updated_at is not distinct from o.updated_at
  join {wanted} w on w.id = o.id
 where o.id not in {written deals}
   and ((o.stage, o.probability, o.status, o.customer_organization_id, o.original_company_id, o.deleted_at,
         o.estimated_close_date, o.actual_close_date)
        is distinct from
        (w.opportunity_stage, w.probability, w.status, w.company_id, w.company_id, w.archived_at,
         w.estimated_close_date, w.actual_close_date)
        or o.stage_manual or o.status_manual
        or num_nonnulls(o.principal_organization_id, o.distributor_organization_id, o.next_action, o.next_action_date,
                        o.competition, o.decision_criteria) > 0
        or o.priority::text is distinct from (
             select substring(c.column_default from '''(.*)''::') from information_schema.columns c
              where c.table_schema = 'public' and c.table_name = 'opportunities' and c.column_name = 'priority'))
