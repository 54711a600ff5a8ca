-- Phase 1.1: deals becomes opportunities, its notes "opportunityNotes". Tables are renamed, so rows,
-- policies, triggers and grants stay with them. The text column stage is kept as legacy_stage.

alter table public.deals rename to opportunities;
alter table public.opportunities rename column stage to legacy_stage;
alter table public.opportunities rename constraint deals_pkey to opportunities_pkey;
alter table public.opportunities rename constraint deals_company_id_fkey to opportunities_company_id_fkey;
alter table public.opportunities rename constraint deals_sales_id_fkey to opportunities_sales_id_fkey;
alter sequence public.deals_id_seq rename to opportunities_id_seq;
alter index if exists public.deals_company_id_idx rename to opportunities_company_id_idx;

do $$
begin
  if to_regclass('public."dealNotes"') is not null then
    alter table public."dealNotes" rename to "opportunityNotes";
  else
    alter table public.deal_notes rename to "opportunityNotes";
  end if;
end $$;
alter table public."opportunityNotes" rename column deal_id to opportunity_id;
alter table public."opportunityNotes" rename constraint "dealNotes_pkey" to "opportunityNotes_pkey";
alter table public."opportunityNotes" rename constraint "dealNotes_deal_id_fkey" to "opportunityNotes_opportunity_id_fkey";
alter table public."opportunityNotes" rename constraint "dealNotes_sales_id_fkey" to "opportunityNotes_sales_id_fkey";
alter sequence public."dealNotes_id_seq" rename to "opportunityNotes_id_seq";
alter index if exists public.deal_notes_deal_id_idx rename to "opportunityNotes_opportunity_id_idx";

alter table public.opportunities
  add column stage                       public.opportunity_stage not null default 'lead',
  add column status                      public.opportunity_status not null default 'active',
  add column priority                    public.priority_level not null default 'medium',
  add column probability                 integer not null default 10,
  add column estimated_close_date        date,
  add column actual_close_date           date,
  add column customer_organization_id    bigint,
  add column principal_organization_id   bigint,
  add column distributor_organization_id bigint,
  add column founding_interaction_id     bigint,
  add column stage_manual                boolean not null default false,
  add column status_manual               boolean not null default false,
  add column next_action                 text,
  add column next_action_date            date,
  add column competition                 text,
  add column decision_criteria           text,
  add column deleted_at                  timestamptz,
  add column original_company_id         bigint,
  add column search_tsv                  tsvector;

-- The default only filled the rows that were there: from now on the trigger does it.
alter table public.opportunities alter column probability drop default;

alter table public.opportunities
  add constraint opportunities_probability_check check (probability between 0 and 100),
  add constraint opportunities_customer_organization_id_fkey foreign key (customer_organization_id)
    references public.companies (id) on update cascade on delete cascade,
  add constraint opportunities_principal_organization_id_fkey foreign key (principal_organization_id)
    references public.companies (id) on delete set null,
  add constraint opportunities_distributor_organization_id_fkey foreign key (distributor_organization_id)
    references public.companies (id) on delete set null;

comment on column public.opportunities.legacy_stage is 'The stage in the old vocabulary, which the view deals shows; kept in step with stage by trigger.';
comment on column public.opportunities.original_company_id is 'company_id at the time of the migration; never changed afterwards.';
