-- Phase 1.1, indexes. Upstream has the ones on foreign keys already.

create index if not exists contacts_company_id_idx on public.contacts (company_id);
create index if not exists opportunities_company_id_idx on public.opportunities (company_id);
create index if not exists "opportunityNotes_opportunity_id_idx" on public."opportunityNotes" (opportunity_id);
do $$
begin
  if to_regclass('public."contactNotes"') is not null then
    create index if not exists contact_notes_contact_id_idx on public."contactNotes" (contact_id);
  end if;
end $$;

create index companies_organization_type_idx on public.companies (organization_type);
create index companies_parent_company_id_idx on public.companies (parent_company_id) where parent_company_id is not null;
create index companies_search_tsv_idx on public.companies using gin (search_tsv);
create index contacts_search_tsv_idx on public.contacts using gin (search_tsv);
create index tasks_contact_id_idx on public.tasks (contact_id);

create index opportunities_stage_index_idx on public.opportunities (stage, index);
create index opportunities_legacy_stage_index_idx on public.opportunities (legacy_stage, index);
create index opportunities_status_idx on public.opportunities (status);
create index opportunities_customer_organization_id_idx on public.opportunities (customer_organization_id);
create index opportunities_principal_organization_id_idx on public.opportunities (principal_organization_id);
create index opportunities_distributor_organization_id_idx on public.opportunities (distributor_organization_id);
create index opportunities_deleted_at_idx on public.opportunities (deleted_at);
create index opportunities_archived_at_idx on public.opportunities (archived_at);
create index opportunities_sales_id_idx on public.opportunities (sales_id);
create index opportunities_contact_ids_idx on public.opportunities using gin (contact_ids);
create index opportunities_search_tsv_idx on public.opportunities using gin (search_tsv);
