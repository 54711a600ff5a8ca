-- Rows whose old text does not follow from their stage, and the first of these texts: afterwards only backups
-- say them.
select count(*), coalesce((array_agg(distinct o.legacy_stage))[1:10], '{}')
  from public.opportunities o
 where o.legacy_stage is distinct from private.stage_reverse(o.stage)
