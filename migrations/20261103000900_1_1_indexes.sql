-- Phase 1.1, indexes. Upstream has the ones on foreign keys already. One statement each and nothing else:
-- the migration of a CRM in use makes them one by one and concurrently.

create index if not exists contacts_company_id_idx on public.contacts (company_id);
create index if not exists deals_company_id_idx on public.deals (company_id);
create index companies_organization_type_idx on public.companies (organization_type);
create index companies_parent_company_id_idx on public.companies (parent_company_id) where parent_company_id is not null;
create index companies_search_tsv_idx on public.companies using gin (search_tsv);
create index contacts_search_tsv_idx on public.contacts using gin (search_tsv);
create index tasks_contact_id_idx on public.tasks (contact_id);

create index opportunities_stage_index_idx on public.deals (opportunity_stage, index);
create index opportunities_legacy_stage_index_idx on public.deals (stage, index);
create index opportunities_status_idx on public.deals (status);
create index opportunities_customer_organization_id_idx on public.deals (customer_organization_id);
create index opportunities_principal_organization_id_idx on public.deals (principal_organization_id);
create index opportunities_distributor_organization_id_idx on public.deals (distributor_organization_id);
create index opportunities_deleted_at_idx on public.deals (deleted_at);
create index opportunities_archived_at_idx on public.deals (archived_at);
create index opportunities_sales_id_idx on public.deals (sales_id);
create index opportunities_contact_ids_idx on public.deals using gin (contact_ids);
create index opportunities_search_tsv_idx on public.deals using gin (search_tsv);
