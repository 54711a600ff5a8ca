(select l.id, l.config - coalesce(
          (select array_agg(added.key)
             from unnest(array['opportunityStages', 'opportunityCategories']) added (key)
            where not exists (select from {copy} c where c.id = l.id and c.config ? added.key)), '{}') as config
   from public.configuration l)
