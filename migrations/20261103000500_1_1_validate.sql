-- Phase 1.1: the constraints that were added unchecked. Checking reads the tables and keeps no writer out.

alter table public.companies
  validate constraint companies_parent_company_id_fkey,
  validate constraint companies_priority_check,
  validate constraint companies_parent_is_another,
  validate constraint companies_customer_has_no_other_role;
alter table public.contacts
  validate constraint contacts_purchase_influence_check,
  validate constraint contacts_decision_authority_check;
alter table public.deals
  validate constraint opportunities_probability_check,
  validate constraint opportunities_customer_organization_id_fkey,
  validate constraint opportunities_principal_organization_id_fkey,
  validate constraint opportunities_distributor_organization_id_fkey;
