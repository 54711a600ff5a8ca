-- The trigger at work: a plain customer is refused as somebody's preferred principal.
do $$
#variable_conflict use_variable
declare
  company bigint := {free public.companies};
  person bigint := {free public.contacts};
begin
  insert into public.companies (id, name, logo) values (company, 'Final check', '{}');
  insert into public.contacts (id, first_name, avatar) values (person, 'Final check', '{}');
  begin
    insert into public.contact_preferred_principals (contact_id, principal_organization_id) values (person, company);
  exception when check_violation or raise_exception or invalid_parameter_value then
    return;
  end;
  raise exception 'a customer was accepted as a principal';
end $$
