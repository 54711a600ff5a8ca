-- What the functions are called with: two companies, of which one is a principal, a contact, an opportunity,
-- an engagement, under ids that nobody has. Their ids are settings of the transaction.
do $$
#variable_conflict use_variable
declare
  company bigint := {free public.companies};
  person bigint := {free public.contacts};
  opportunity bigint := {free public.opportunities};
  activity bigint := {free public.activities};
begin
  insert into public.companies (id, name, logo, organization_type, is_principal)
  values (company, 'Verification', '{}', 'customer', false), (company + 1, 'Verification principal', '{}', 'principal', true);
  insert into public.contacts (id, first_name, avatar, company_id)
  values (person, 'Verification', '{}', company), (person + 1, 'Verification 2', '{}', company);
  insert into public.opportunities (id, name, stage, company_id) values (opportunity, 'Verification', 'lead', company);
  insert into public.activities (id, activity_type, type, subject, contact_id)
  values (activity, 'engagement', 'call', 'Verification', person);
  perform set_config('verify.company', company::text, true), set_config('verify.person', person::text, true),
          set_config('verify.opportunity', opportunity::text, true), set_config('verify.activity', activity::text, true);
end $$
