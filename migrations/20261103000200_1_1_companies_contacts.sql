-- Phase 1.1, new columns of companies and contacts. Constant defaults: PostgreSQL stores them in the
-- catalogue and touches no row. Constraints are checked by a later file, which locks nobody out.

alter table public.companies
  add column organization_type public.organization_type default 'customer',
  add column is_principal      boolean not null default false,
  add column is_distributor    boolean not null default false,
  add column parent_company_id bigint,
  add column segment           text default 'Standard',
  add column priority          varchar(1) default 'C',
  add column deleted_at        timestamptz,
  add column import_session_id uuid,
  add column search_tsv        tsvector,
  add constraint companies_parent_company_id_fkey foreign key (parent_company_id)
    references public.companies (id) on delete set null not valid,
  add constraint companies_priority_check check (priority in ('A', 'B', 'C', 'D')) not valid,
  add constraint companies_parent_is_another check (parent_company_id <> id) not valid,
  -- A customer is neither a principal nor a distributor; a principal may distribute as well.
  add constraint companies_customer_has_no_other_role
    check (organization_type is distinct from 'customer' or not (is_principal or is_distributor)) not valid;

alter table public.contacts
  add column role               public.contact_role,
  add column department         text,
  add column is_primary_contact boolean not null default false,
  add column purchase_influence varchar(10) default 'Unknown',
  add column decision_authority varchar(20) default 'End User',
  add column deleted_at         timestamptz,
  add column search_tsv         tsvector,
  add column company_id_backup  bigint,
  add column organizations      jsonb,
  add constraint contacts_purchase_influence_check
    check (purchase_influence in ('High', 'Medium', 'Low', 'Unknown')) not valid,
  add constraint contacts_decision_authority_check
    check (decision_authority in ('Decision Maker', 'Influencer', 'End User', 'Gatekeeper')) not valid;

comment on column public.contacts.company_id_backup is 'company_id at the time of the migration; never changed afterwards.';
comment on column public.contacts.organizations is
  'What a client last sent: a list of {organization_id, role, is_primary_contact, …} which replaces the contact''s rows in contact_organizations; empty once those rows have changed otherwise. They are the truth; read them there or in contacts_summary.';
