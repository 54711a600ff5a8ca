-- The site's own words: texts that mean won, sectors, the old board's columns (null: not configured).
with entry (won, sectors, stages) as (
  select c.config -> 'dealPipelineStatuses', c.config -> 'companySectors', c.config -> 'dealStages'
    from public.configuration c
   where c.id = 1)
select array(select w.word from jsonb_array_elements_text(case when jsonb_typeof(e.won) = 'array' then e.won end) w (word)),
       case when jsonb_typeof(e.sectors) = 'array' then array(
         select word from jsonb_array_elements(e.sectors) s (entry)
          cross join lateral (values (s.entry ->> 'value'), (s.entry ->> 'label'),
                                     (case when jsonb_typeof(s.entry) = 'string' then s.entry #>> '{}' end)) v (word)
          where word is not null) end,
       case when jsonb_typeof(e.stages) = 'array' then array(
         select s.entry ->> 'value' from jsonb_array_elements(e.stages) s (entry) where s.entry ->> 'value' is not null) end
  from entry e
