-- Phase 1.4, indexes: as 1_1_indexes.

create index opportunities_founding_interaction_id_idx on public.deals (founding_interaction_id)
  where founding_interaction_id is not null;
