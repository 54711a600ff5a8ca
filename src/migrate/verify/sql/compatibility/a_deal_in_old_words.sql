-- PutGet: a deal that is made, moved and deleted in old words is an opportunity in new words.
do $$
#variable_conflict use_variable
declare
  made bigint := {free public.opportunities};
  seen record;
begin
  insert into public.deals (id, name, stage, contact_ids, amount, index) values (made, 'Verification', 'proposal-sent', '{}', 100, 0);
  select d.stage as old_stage, d.amount, o.stage, o.status, o.probability into strict seen
    from public.deals d join public.opportunities o on o.id = d.id where d.id = made;
  if (seen.old_stage, seen.amount, seen.stage::text, seen.status::text, seen.probability)
     is distinct from ('proposal-sent', 100::bigint, 'proposal', 'active', 60) then
    raise exception 'a new deal reads %', seen;
  end if;
  update public.deals d set stage = 'won' where d.id = made;
  select d.stage as old_stage, o.stage, o.probability, o.actual_close_date is not null as is_dated into strict seen
    from public.deals d join public.opportunities o on o.id = d.id where d.id = made;
  if (seen.old_stage, seen.stage::text, seen.probability, seen.is_dated) is distinct from ('won', 'closed_won', 100, true) then
    raise exception 'a deal that was won reads %', seen;
  end if;
  update public.opportunities o set stage = 'negotiation' where o.id = made;
  select d.stage as old_stage, o.stage, o.probability into strict seen
    from public.deals d join public.opportunities o on o.id = d.id where d.id = made;
  if (seen.stage::text, seen.probability) is distinct from ('negotiation', 80)
     or not private.stage_fits(seen.old_stage, 'negotiation') then
    raise exception 'an opportunity that was moved reads %', seen;
  end if;
  delete from public.deals d where d.id = made;
  if exists (select from public.opportunities o where o.id = made) then
    raise exception 'a deal that was deleted is still an opportunity';
  end if;
end $$
