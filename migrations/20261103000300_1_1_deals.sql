-- Phase 1.1, new columns of deals, which is named opportunities later: whoever reads deals meanwhile sees it
-- as it was, and some columns more. Constant defaults: no row is touched. The stage of the new vocabulary has
-- the name opportunity_stage as long as the old text has its own.

alter table public.deals
  add column opportunity_stage           public.opportunity_stage not null default 'lead',
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

alter table public.deals
  add constraint opportunities_probability_check check (probability between 0 and 100) not valid,
  add constraint opportunities_customer_organization_id_fkey foreign key (customer_organization_id)
    references public.companies (id) on update cascade on delete cascade not valid,
  add constraint opportunities_principal_organization_id_fkey foreign key (principal_organization_id)
    references public.companies (id) on delete set null not valid,
  add constraint opportunities_distributor_organization_id_fkey foreign key (distributor_organization_id)
    references public.companies (id) on delete set null not valid;

-- Notes under one name on both variants, as long as the tables have theirs.
do $$
begin
  if to_regclass('public."dealNotes"') is not null then
    create view private.deal_notes as select * from public."dealNotes";
    create view private.contact_notes as select * from public."contactNotes";
  else
    create view private.deal_notes as select * from public.deal_notes;
    create view private.contact_notes as select * from public.contact_notes;
  end if;
end $$;
