-- Stages that neither the operator's map nor the table nor the configuration knows: they become lead. There are
-- few texts and many deals, so each text is looked at once.
select texts.stage, texts.deals
  from (select d.stage, count(*) as deals from public.deals d group by d.stage offset 0) texts
 where private.stage_of_word(texts.stage) is null
   and not exists (select from private.stage_map m where m.word = private.stage_word(texts.stage))
   and private.stage_forward(texts.stage) = private.default_stage()
 order by 2 desc, 1
 limit 1000
