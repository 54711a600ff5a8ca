-- A small CRM in which no rule finds anything, for either baseline. {deal_notes} and {contact_notes} are
-- replaced by the baseline's names.
set local session_replication_role = replica;
insert into auth.users (id, email, raw_user_meta_data)
select ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, 'user' || i || '@example.com', '{}' from generate_series(1, 2) i;
insert into public.sales (id, first_name, last_name, email, administrator, user_id)
select i, 'First' || i, 'Last' || i, 'user' || i || '@example.com', i = 1, ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid
  from generate_series(1, 2) i;
insert into public.tags (id, name, color) values (1, 'vip', 'warm'), (2, 'old', 'blue');
insert into public.companies (id, name, sector, size, linkedin_url, website, phone_number, address, zipcode, city, sales_id, country,
                              description, revenue, tax_identifier, created_at)
select i, 'Company ' || i, 'Energy', 10, 'https://linkedin.example/' || i, 'https://co' || i || '.example', '555', 'Street', '1', 'Lyon', 1,
       'France', 'Makes things', '1M', 'T' || i, '2024-01-01'
  from generate_series(1, {companies}) i;
insert into public.contacts (id, first_name, last_name, title, avatar, first_seen, last_seen, tags, company_id, sales_id, email_jsonb, phone_jsonb)
select i, 'Ann' || i, 'One', 'CEO', '{"src":"x"}', '2024-03-01', '2024-04-01', '{1}', i, 1,
       jsonb_build_array(jsonb_build_object('email', 'ann' || i || '@co.example', 'type', 'Work')),
       jsonb_build_array(jsonb_build_object('number', '+33 1 02 03 ' || i, 'type', 'Work'))
  from generate_series(1, {companies}) i;
insert into public.deals (id, name, company_id, contact_ids, category, stage, description, amount, created_at, updated_at, expected_closing_date,
                          sales_id, index)
select i, 'Deal ' || i, 1 + (i - 1) % {companies}, array[1 + (i - 1) % {companies}], 'Other',
       (array['opportunity', 'proposal-sent', 'in-negociation', 'won', 'lost', 'delayed'])[1 + i % 6], 'text', 1000, '2024-05-01', '2024-06-01',
       '2025-08-01', 1, 0
  from generate_series(1, {deals}) i;
insert into {contact_notes} (id, contact_id, text, date, sales_id, status) values (1, 1, 'Called, will call back', '2024-05-01', 1, 'warm');
insert into {deal_notes} (id, deal_id, type, text, date, sales_id) values (1, 1, 'Call', 'Sent the papers', '2024-05-01', 1);
insert into public.tasks (id, contact_id, type, text, due_date, sales_id) values (1, 1, 'Call', 'Ring', '2024-05-01', 1);
set local session_replication_role = origin;
select setval(pg_get_serial_sequence('public.' || t, 'id'), 100000) from unnest(array['sales', 'tags', 'companies', 'contacts', 'deals', 'tasks']) t;
