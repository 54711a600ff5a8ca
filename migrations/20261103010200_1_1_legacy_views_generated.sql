-- Generated from src/mapping/table.rs by src/mapping/sql.rs. Do not edit: change the table.
-- Plain views over one table with the caller's rights: PostgreSQL updates through them by itself,
-- column by column, with the table's row security and triggers.

create view extensions."deals_face" with (security_invoker = on) as
  select o."id", o."name", o."company_id", o."contact_ids", o."category", o."legacy_stage" as "stage", o."description", o."amount", o."created_at", o."updated_at", o."archived_at", o."expected_closing_date", o."sales_id", o."index", o."search_tsv"
    from public."opportunities" o;
comment on view extensions."deals_face" is 'Beneath deals: an insert through it marks search_tsv, by which the trigger knows the old face.';
alter view extensions."deals_face" alter column "search_tsv" set default 'deals'::tsvector;

create view public."deals" with (security_invoker = on) as
  select o."id", o."name", o."company_id", o."contact_ids", o."category", o."stage", o."description", o."amount", o."created_at", o."updated_at", o."archived_at", o."expected_closing_date", o."sales_id", o."index"
    from extensions."deals_face" o;
comment on view public."deals" is 'Other name of opportunities: the old face is an updatable view with the caller''s rights; ids are shared.';

create view public."dealNotes" with (security_invoker = on) as
  select o."id", o."opportunity_id" as "deal_id", o."type", o."text", o."date", o."sales_id", o."attachments"
    from public."opportunityNotes" o;
comment on view public."dealNotes" is 'Other name of opportunityNotes: all names are served on both variants.';

create view public."deal_notes" with (security_invoker = on) as
  select o."id", o."opportunity_id" as "deal_id", o."type", o."text", o."date", o."sales_id", o."attachments"
    from public."opportunityNotes" o;
comment on view public."deal_notes" is 'Other name of opportunityNotes: all names are served on both variants.';

create view public."opportunity_notes" with (security_invoker = on) as
  select o."id", o."opportunity_id", o."type", o."text", o."date", o."sales_id", o."attachments"
    from public."opportunityNotes" o;
comment on view public."opportunity_notes" is 'Other name of opportunityNotes: all names are served on both variants.';
