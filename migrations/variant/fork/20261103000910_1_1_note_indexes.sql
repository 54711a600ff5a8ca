-- Phase 1.1, indexes of the notes, whose tables have names of their own in each product. As in 1_1_indexes,
-- one statement each.

create index if not exists deal_notes_deal_id_idx on public."dealNotes" (deal_id);
create index if not exists contact_notes_contact_id_idx on public."contactNotes" (contact_id);
