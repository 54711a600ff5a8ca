-- As the plan asks: an opportunity with a customer, Qualified, 25 %, high priority; then through the stages.
do $$
#variable_conflict use_variable
declare
  company bigint := {free public.companies};
  made bigint := {free public.opportunities};
  seen record;
  step text;
begin
  insert into public.companies (id, name, logo) values (company, 'Final check', '{}');
  insert into public.opportunities (id, name, customer_organization_id, stage, probability, priority)
  values (made, 'Final check', company, 'qualified', 25, 'high');
  select s.stage::text, s.probability, s.priority::text, s.company_name, s.company_id into strict seen
    from public.opportunities_summary s where s.id = made;
  if seen is distinct from row ('qualified'::text, 25, 'high'::text, 'Final check'::text, company) then
    raise exception 'the new opportunity reads %', seen;
  end if;
  foreach step in array array['needs_analysis', 'proposal', 'negotiation', 'closed_won'] loop
    update public.opportunities o set stage = step::public.opportunity_stage where o.id = made;
  end loop;
  select o.probability, o.actual_close_date is not null as is_dated into strict seen
    from public.opportunities o where o.id = made;
  if seen is distinct from row (100, true) then
    raise exception 'a closed opportunity reads %', seen;
  end if;
end $$
