-- merge_contacts moves what hangs on the loser, in the old tables and in the new.
do $$
#variable_conflict use_variable
declare
  company bigint := {free public.companies};
  winner bigint := {free public.contacts};
  loser bigint := winner + 1;
  note bigint := {free public.contact_notes};
  opportunity bigint := {free public.opportunities};
begin
  insert into public.companies (id, name, logo) values (company, 'Verification', '{}');
  insert into public.contacts (id, first_name, avatar, company_id, email_jsonb)
  values (winner, 'Verification', '{}', null, '[]'), (loser, 'Verification', '{}', company, '[]');
  insert into public.contact_notes (id, contact_id, text) values (note, loser, 'Verification');
  insert into public.deals (id, name, stage, contact_ids) values (opportunity, 'Verification', 'opportunity', array[loser]);
  perform public.merge_contacts(loser, winner);
  if exists (select from public.contacts p where p.id = loser)
     or (select n.contact_id from public.contact_notes n where n.id = note) is distinct from winner
     or (select d.contact_ids from public.deals d where d.id = opportunity) is distinct from array[winner]
     or not exists (select from public.opportunity_contacts r where r.opportunity_id = opportunity and r.contact_id = winner)
     or (select p.company_id from public.contacts p where p.id = winner) is distinct from company then
    raise exception 'the winner did not get what the loser had';
  end if;
end $$
