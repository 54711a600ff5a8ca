-- A note that is written under one name is there under the others.
do $$
#variable_conflict use_variable
declare
  opportunity bigint := {free public.opportunities};
  note bigint := {free public."opportunityNotes"};
begin
  insert into public.deals (id, name, stage) values (opportunity, 'Verification', 'opportunity');
  insert into public."dealNotes" (id, deal_id, text) values (note, opportunity, 'Verification');
  if (select count(*) from (
        select n.text from public."opportunityNotes" n where n.id = note and n.opportunity_id = opportunity
        union all select n.text from public.deal_notes n where n.id = note and n.deal_id = opportunity
        union all select n.text from public.opportunity_notes n where n.id = note and n.opportunity_id = opportunity) x
       where x.text = 'Verification') <> 3 then
    raise exception 'a note is not there under all its names';
  end if;
  update public.deal_notes n set text = 'again' where n.id = note;
  if not exists (select from public."dealNotes" n where n.id = note and n.text = 'again') then
    raise exception 'a change under one name is not seen under the other';
  end if;
  delete from public."dealNotes" n where n.id = note;
  if exists (select from public."opportunityNotes" n where n.id = note) then
    raise exception 'a note that was deleted is still there';
  end if;
end $$
