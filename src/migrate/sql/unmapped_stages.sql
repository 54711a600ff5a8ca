-- Stages that neither the operator's map nor the table nor the configuration knows: they become lead.
select d.stage, count(*)
  from public.deals d
 where private.stage_of_word(d.stage) is null
   and not exists (select from private.stage_map m where m.word = private.stage_word(d.stage))
   and private.stage_forward(d.stage) = private.default_stage()
 group by d.stage
 order by 2 desc, 1
 limit 1000
