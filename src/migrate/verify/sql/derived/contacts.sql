-- Contacts of old deals that are not in the order of the backup's contact_ids. A user may move one without a
-- trace; a tenth of all was moved by no user.
select case when m.wrong * 10 > m.total then 'derived.contacts_renumbered' else 'derived.contacts_order' end,
       m.opportunity_id || ' ' || m.contact_id
  from (select a.opportunity_id, a.contact_id, a.position is distinct from w.position as is_wrong,
               count(*) filter (where a.position is distinct from w.position) over () as wrong, count(*) over () as total
          from public.opportunity_contacts a
          join {deals} b on b.id = a.opportunity_id
          join public.opportunities t on t.id = b.id and t.contact_ids is not distinct from b.contact_ids
          join ({wanted}) w ({columns}) on w.opportunity_id = a.opportunity_id and w.contact_id = a.contact_id
         where a.opportunity_id not in {written deals}) m
 where m.is_wrong
