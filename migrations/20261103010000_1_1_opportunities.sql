-- Cut-over: deals becomes opportunities, its notes "opportunityNotes". Tables are renamed, so rows,
-- policies, triggers and grants stay with them. The text column stage is kept as legacy_stage. From here on
-- every file is part of one transaction when a CRM in use is migrated.

drop view private.deal_notes;
drop view private.contact_notes;

alter table public.deals rename to opportunities;
alter table public.opportunities rename column stage to legacy_stage;
alter table public.opportunities rename column opportunity_stage to stage;
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

-- The default filled the rows that were there, and those of writers who did not know the column: from now
-- on the trigger does it.
alter table public.opportunities alter column probability drop default;

comment on column public.opportunities.legacy_stage is 'The stage in the old vocabulary, which the view deals shows; kept in step with stage by trigger.';
comment on column public.opportunities.original_company_id is 'company_id at the time of the migration; never changed afterwards.';
