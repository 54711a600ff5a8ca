-- An old client writes contacts.company_id; the new model's primary organisation follows.
do $$
#variable_conflict use_variable
declare
  company bigint := {free public.companies};
  person bigint := {free public.contacts};
begin
  insert into public.companies (id, name, logo) values (company, 'Verification 1', '{}'), (company + 1, 'Verification 2', '{}');
  insert into public.contacts (id, first_name, avatar, company_id) values (person, 'Verification', '{}', company);
  if (select r.organization_id from public.contact_organizations r
       where r.contact_id = person and r.is_primary_organization and r.deleted_at is null) is distinct from company then
    raise exception 'a new contact has no primary organisation';
  end if;
  update public.contacts p set company_id = company + 1 where p.id = person;
  if (select r.organization_id from public.contact_organizations r
       where r.contact_id = person and r.is_primary_organization and r.deleted_at is null) is distinct from company + 1 then
    raise exception 'the primary organisation did not follow';
  end if;
  if not exists (select from public.contact_organizations r where r.contact_id = person and r.organization_id = company) then
    raise exception 'the former organisation is forgotten';
  end if;
end $$
