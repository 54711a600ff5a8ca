-- activity_log keeps its types, its ids and its one filled column.
do $$
#variable_conflict use_variable
declare
  account bigint := {free public.companies};
  opportunity bigint := {free public.opportunities};
begin
  insert into public.companies (id, name, logo) values (account, 'Verification', '{}');
  insert into public.deals (id, name, stage, company_id) values (opportunity, 'Verification', 'opportunity', account);
  if not exists (select from public.activity_log l
                  where l.company_id = account and l.type = 'deal.created' and l.id = 'deal.' || opportunity || '.created'
                    and l.deal ->> 'stage' = 'opportunity' and l.company is null) then
    raise exception 'activity_log does not show a new deal';
  end if;
  if not exists (select from public.activity_log l
                  where l.company_id = account and l.type = 'company.created' and l.company ->> 'name' = 'Verification') then
    raise exception 'activity_log does not show a new company';
  end if;
  if not exists (select from public.opportunity_activity_log l
                  where l.company_id = account and l.type = 'opportunity.created'
                    and l.opportunity ->> 'stage' = 'qualified') then
    raise exception 'opportunity_activity_log does not show a new opportunity';
  end if;
end $$
