-- Phase 1.4: as 1_1_validate.

alter table public.deals validate constraint opportunities_founding_interaction_id_fkey;
