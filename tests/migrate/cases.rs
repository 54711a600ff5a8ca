//! One case per rule of the validation: what breaks it in a CRM in order.

/// What a rule's case does to a CRM in order, and the rules that fire then besides it.
pub const CASES: &[(&str, &str, &[&str])] = &[
    (
        "R1",
        "update public.contacts set company_id = 777 where id = 2",
        &["F5", "R12"],
    ),
    (
        "R2",
        "update public.contacts set company_id = null where id = 2; update public.deals set contact_ids = '{1}', company_id = 1 where id = 2",
        &["F5"],
    ),
    (
        "R3",
        "update public.deals set company_id = 777 where id = 2",
        &["R12"],
    ),
    (
        "R4",
        "update public.deals set company_id = null where id = 2",
        &[],
    ),
    (
        "R5",
        "update public.deals set contact_ids = '{2, 777}' where id = 2",
        &[],
    ),
    (
        "R6",
        "update public.deals set contact_ids = '{2, 2}' where id = 2; update public.deals set contact_ids = '{1, null}' where id = 1",
        &[],
    ),
    (
        "R7",
        "update {deal_notes} set deal_id = 777; update {contact_notes} set contact_id = 777",
        &[],
    ),
    ("R8", "update public.tasks set contact_id = 777", &[]),
    ("R9", "update public.tasks set sales_id = 777", &[]),
    (
        "R10",
        "update public.companies set sales_id = 777 where id = 1; update {deal_notes} set sales_id = 777",
        &[],
    ),
    (
        "R11",
        "update public.contacts set tags = '{1, 777}' where id = 1",
        &[],
    ),
    (
        "R12",
        "update public.deals set contact_ids = '{1}' where id = 2",
        &[],
    ),
    (
        "U1",
        "update public.companies set name = ' COMPANY1' where id = 2",
        &[],
    ),
    (
        "U2",
        "update public.contacts set email_jsonb = '[{\"email\":\"a@b.example\"},{\"email\":\" A@b.example \"}]' where id = 1",
        &[],
    ),
    (
        "U3",
        "update public.contacts set phone_jsonb = '[{\"number\":\"+1 555 0000001\"},{\"number\":\"1-555-000-0001\"}]' where id = 1",
        &[],
    ),
    (
        "U4",
        "update public.deals set name = 'Deal 1' where id = 13",
        &[],
    ),
    (
        "U5",
        "alter table public.deals drop constraint deals_pkey cascade; insert into public.deals select * from public.deals where id = 1",
        &["U4", "S1", "S1-extra"],
    ),
    (
        "U6",
        "update public.tags set name = ' VIP' where id = 2",
        &[],
    ),
    (
        "U7",
        "update public.sales set email = 'USER1@example.com' where id = 2",
        &[],
    ),
    (
        "U8",
        "insert into public.contacts (company_id, last_name, email_jsonb) \
        select 1, 'C' || i, jsonb_build_array(jsonb_build_object('email', i || '@x.example')) from generate_series(1, 10) i",
        &[],
    ),
    (
        "F1",
        "update public.companies set name = ' ' where id = 1; update public.deals set name = '' where id = 1",
        &[],
    ),
    (
        "F1-null",
        "alter table public.deals alter name drop not null; update public.deals set name = null where id = 1",
        &["S1"],
    ),
    (
        "F2",
        "update public.contacts set first_name = '', last_name = null where id = 1",
        &[],
    ),
    (
        "F3",
        "update public.contacts set email_jsonb = '[{\"email\":\" \"}]', phone_jsonb = null where id = 1",
        &[],
    ),
    (
        "F4",
        "update public.companies set sector = ' ' where id = 1",
        &[],
    ),
    (
        "F4-custom",
        "update public.companies set sector = 'Handmade' where id = 1",
        &[],
    ),
    (
        "F5",
        "insert into public.companies (name, sector) values ('Nobody', 'Energy')",
        &[],
    ),
    (
        "F6",
        "update {deal_notes} set text = E'\\n '; update {contact_notes} set text = null",
        &[],
    ),
    ("F7", "update public.tasks set type = ''", &[]),
    (
        "F8",
        "update public.deals set stage = '  ' where id = 1",
        &[],
    ),
    (
        "F8-unknown",
        "update public.deals set stage = 'Legal review' where id = 1",
        &[],
    ),
    (
        "F8-long",
        "update public.deals set stage = repeat('x', 2001) where id = 1",
        &["F8-unknown"],
    ),
    (
        "F9",
        "update public.deals set amount = 0 where id = 1; update public.deals set amount = null where id = 2",
        &[],
    ),
    (
        "Q1",
        "update public.contacts set email_jsonb = '[{\"email\":\"no at sign\"}]' where id = 1",
        &[],
    ),
    (
        "Q1-shape",
        "update public.contacts set email_jsonb = '\"a@b.example\"' where id = 1",
        &[],
    ),
    (
        "Q2",
        "update public.contacts set phone_jsonb = '[{\"number\":\"call me\"}]' where id = 1",
        &[],
    ),
    (
        "Q2-shape",
        "update public.contacts set phone_jsonb = '{}' where id = 1",
        &[],
    ),
    (
        "Q3",
        "update public.companies set website = 'co.example' where id = 1",
        &[],
    ),
    (
        "Q4",
        "update public.deals set expected_closing_date = 'infinity' where id = 1; \
        update public.deals set expected_closing_date = '1899-12-31' where id = 2; \
        update public.deals set expected_closing_date = '2500-01-01' where id = 3",
        &[],
    ),
    (
        "Q5",
        "update public.deals set amount = 1000001 where id = 1",
        &[],
    ),
    (
        "Q6",
        "update public.deals set archived_at = '2020-01-01' where id = 1; update public.contacts set last_seen = '2020-01-01' where id = 1",
        &[],
    ),
    (
        "Q7",
        "update public.deals set description = repeat('word ', 50000) where id = 1",
        &[],
    ),
    (
        "S1",
        "drop policy \"Deals Delete Policy\" on public.deals; alter table public.tasks alter type type varchar(9); \
        alter table public.deals add column region text",
        &["S2"],
    ),
    (
        "S1-extra",
        "alter table public.tasks add column mine text; create index mine_idx on public.tasks (mine)",
        &[],
    ),
    (
        "S2",
        "create view public.big_deals as select id from public.deals; \
        create function public.count_deals() returns bigint language sql as 'select count(*) from public.deals'; \
        create trigger touch before update on public.deals for each row execute function suppress_redundant_updates_trigger()",
        &["S1-extra"],
    ),
    (
        "S2",
        "create function public.note_label(n {deal_notes}) returns text language sql as 'select n.text'",
        &["S1-extra"],
    ),
    (
        "S2",
        "create function public.none_of_them() returns setof public.deals language plpgsql as 'begin return; end'",
        &["S1-extra"],
    ),
    (
        "S2-grants",
        "grant select on public.deals to authenticated; grant select on public.companies_summary to public; \
        grant select on public.deals to pg_monitor; grant update (text) on {deal_notes} to pg_monitor",
        &[],
    ),
    (
        "S2-hidden",
        "create policy \"private notes stay private\" on {contact_notes} as restrictive for select to authenticated \
        using (status is distinct from 'private')",
        &["S1-extra"],
    ),
    (
        "S2-keys",
        "create table public.quotes (id bigint primary key, deal_id bigint constraint quotes_deal_id_fkey references public.deals, \
        note_id bigint references {deal_notes})",
        &["S1-extra"],
    ),
    (
        "S2-owners",
        "create role owner_of_a_test; grant create on schema public to owner_of_a_test; \
        alter table public.tasks owner to owner_of_a_test; alter table {deal_notes} owner to owner_of_a_test",
        &[],
    ),
    (
        "S2-publications",
        "create publication of_deals for table public.deals, public.contacts; \
        create publication of_notes for table {deal_notes}; create publication of_others for table public.tags",
        &[],
    ),
    (
        "S2-views",
        "create view public.my_contacts as select id, first_name from public.contacts_summary; \
        create function public.initials(contact public.contacts_summary) returns text language sql as 'select left($1.first_name, 1)'",
        &["S1-extra"],
    ),
    (
        "S3",
        "create table public.activities (id integer); alter table public.deals add column probability integer",
        &["S1", "S1-extra", "S2"],
    ),
    (
        "S5",
        "alter table public.deals add constraint positive check (amount > 0) not valid; \
        update pg_catalog.pg_index set indisvalid = false where indexrelid = 'public.tags_pkey'::regclass",
        &["S1-extra"],
    ),
    (
        "S6",
        "create role helper_of_a_test; grant usage on schema public to helper_of_a_test; \
        grant select on all tables in schema public to helper_of_a_test; set local role helper_of_a_test",
        &[],
    ),
];
