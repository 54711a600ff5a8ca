-- Phase 1.1, data: one pass over the deals. updated_at and everything the old face shows stay as they are,
-- and nobody's triggers fire. A second run changes no row.
-- The stage means the same under any time zone, but the day a moment falls on does not: days are UTC.

set local migration.backfill = 'on';
set local timezone = 'UTC';

select private.hush_triggers('public.deals');
update public.deals d
   set opportunity_stage        = made.opportunity_stage,
       probability              = made.probability,
       status                   = made.status,
       customer_organization_id = made.company_id,
       original_company_id      = made.company_id,
       deleted_at               = made.archived_at,
       estimated_close_date     = made.estimated_close_date,
       actual_close_date        = made.actual_close_date,
       search_tsv               = made.search_tsv
  from (select x.id, x.company_id, x.archived_at, meant.stage as opportunity_stage,
               private.stage_probability(meant.stage) as probability,
               private.stage_status(meant.stage) as status,
               x.expected_closing_date::date as estimated_close_date,
               case when private.stage_is_closed(meant.stage) then x.updated_at::date end as actual_close_date,
               private.search_vector(x.name, concat_ws(' ', x.category, x.next_action, x.description)) as search_tsv
          from public.deals x
          join (select texts.stage as legacy_stage, private.stage_forward(texts.stage) as stage
                  from (select distinct t.stage from public.deals t
                         where t.id between private.batch_low() and private.batch_high()) texts
                offset 0) meant -- asked once per text, not once per row
            on meant.legacy_stage = x.stage
         where x.id between private.batch_low() and private.batch_high()
        offset 0) made
 where d.id = made.id
   and (d.opportunity_stage, d.probability, d.status, d.customer_organization_id, d.original_company_id, d.deleted_at,
        d.estimated_close_date, d.actual_close_date, d.search_tsv)
       is distinct from
       (made.opportunity_stage, made.probability, made.status, made.company_id, made.company_id, made.archived_at,
        made.estimated_close_date, made.actual_close_date, made.search_tsv);
select private.restore_triggers();

set local migration.backfill = '';
