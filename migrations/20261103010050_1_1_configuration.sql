-- Cut-over: upstream's configuration gets the new keys beside the old ones.
do $$
begin
  if to_regclass('public.configuration') is null then
    return;
  end if;
  perform private.hush_triggers('public.configuration');
  update public.configuration c
     set config = jsonb_build_object(
           'opportunityStages', (select jsonb_agg(jsonb_build_object('value', s.stage, 'label', initcap(replace(s.stage::text, '_', ' ')))
                                                  order by s.stage)
                                   from unnest(enum_range(null::public.opportunity_stage)) s (stage)))
         || case when c.config ? 'dealCategories'
                 then jsonb_build_object('opportunityCategories', c.config -> 'dealCategories') else '{}' end
         || c.config
   where not c.config ? 'opportunityStages';
  perform private.restore_triggers();
end $$;
