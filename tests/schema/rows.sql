-- Rows of a CRM before the migration, ordinary and awkward, for either baseline. Written in the old words.
set local timezone = 'UTC';
set local session_replication_role = replica;

insert into auth.users (id, email, raw_user_meta_data)
select ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, 'user' || i || '@example.com', '{}' from generate_series(1, 3) i;
insert into public.sales (id, first_name, last_name, email, administrator, user_id)
select i, 'First' || i, 'Last' || i, 'user' || i || '@example.com', i = 1, ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid
  from generate_series(1, 3) i;
insert into public.tags (id, name, color) values (1, 'vip', 'warm'), (2, 'old', '#aabbcc');
insert into public.companies (id, name, sector, website, sales_id, context_links, created_at) values
  (1, 'Alpha', 'Energy', 'https://alpha.example', 1, '["x"]', '2024-01-01'),
  (2, 'Beta', null, null, 2, '{"a":1,"a":2}', '2024-02-01'),
  (3, '', '', '', null, null, '0001-01-01'),
  (4, E'Quote''s "x" \\ ; 🚀', 'Handmade ✂', 'not a url', 1, null, '2999-12-31');
insert into public.contacts (id, first_name, last_name, title, company_id, sales_id, first_seen, last_seen, tags, email_jsonb, phone_jsonb) values
  (1, 'Ann', 'One', 'CEO', 1, 1, '2024-03-01 10:00+00', '2024-04-01', '{1}', '[{"email":"Ann@alpha.example","type":"Work"}]', '[{"number":"1","type":"Work"}]'),
  (2, 'Bob', 'Two', null, 1, 2, '2024-03-02', '2024-04-02', '{1,1,99}', '[]', '[]'),
  (3, 'Cyd', 'Three', 'VP', 2, 2, null, null, null, null, null),
  (4, null, null, null, null, null, null, null, null, null, null),
  (5, '🚀', 'مرحبا', '社長', 2, 3, 'infinity', '-infinity', '{2}', '[{"email":"a@b.example"}]', '[{}]');
insert into public.deals (id, name, company_id, contact_ids, category, stage, description, amount, created_at, updated_at, archived_at, expected_closing_date, sales_id, index)
select i, 'Deal ' || i, 1 + i % 4, (array[1, 2, 3])[1 : 1 + i % 3], 'Other',
       (array['opportunity', 'proposal-sent', 'in-negociation', 'won', 'lost', 'delayed'])[1 + i % 6], 'd' || i, 100 * i,
       '2024-05-01'::timestamptz + i * interval '1 hour', '2024-06-01'::timestamptz + i * interval '1 day',
       case when i % 7 = 0 then '2024-07-01'::timestamptz end, '2024-08-01'::timestamptz + i * interval '1 day', 1 + i % 3, i / 6
  from generate_series(1, 24) i;
insert into public.deals (id, name, company_id, contact_ids, category, stage, description, amount, created_at, updated_at, archived_at, expected_closing_date, sales_id, index) values
  (101, 'Nothing at all', null, null, null, 'opportunity', null, null, '2024-01-01', '2024-01-01', null, null, null, null),
  (102, 'Empty list', 1, '{}', 'Custom', 'proposal-sent', '', 0, '2024-01-01', '2024-01-01', null, '1970-01-01', 1, 0),
  (103, 'Missing contacts', 1, '{888, 3}', null, 'in-negociation', null, -5, '2024-01-01', '2024-01-01', null, '0001-01-01 BC', 1, 5),
  (104, 'Repeated', 1, '{3,3,2,3}', null, 'won', null, 9007199254740993, '2024-01-01', '2024-01-02', null, '2024-02-29', 1, 5),
  (105, 'Null element', 1, '{3,null,2}', null, 'lost', null, 9223372036854775807, '2024-01-01', '2024-01-01', null, '9999-12-31', 1, 5),
  (106, 'All missing', 1, '{777}', null, 'delayed', null, -9223372036854775808, '2024-01-01', '2024-01-01', null, null, 1, 1000),
  (107, '', 2, '{1}', '', 'Negotiation - Legal Review', '', 1, '2024-01-01', '2024-01-01', null, null, 1, -32768),
  (108, 'Already new', 2, null, null, 'closed_won', null, 1, '2024-01-01', '2024-01-01', null, null, 1, 32767),
  (109, 'Already new 2', 2, null, null, 'lead', null, 1, '2024-01-01', '2024-01-01', null, null, 1, 1),
  (110, 'Capital', 2, null, null, 'Won', null, 1, '2024-01-01', '2024-01-01', null, null, 1, 1),
  (111, 'Padded', 2, null, null, E'  lost\t', null, 1, '2024-01-01', '2024-01-01', null, null, 1, 1),
  (112, 'Empty stage', 2, null, null, '', null, 1, '2024-01-01', '2024-01-01', null, null, 1, 1),
  (113, 'Unicode stage', 2, null, null, 'étape "finale" 🏁', null, 1, '2024-01-01', '2024-01-01', null, null, 1, 1),
  (114, 'Spelt right', 2, null, null, 'In Negotiation', null, 1, '2024-01-01', '2024-01-01', null, null, 1, 1),
  (115, 'Archived open', 2, '{3}', null, 'opportunity', null, 1, '2024-01-01', '2024-01-01', '2024-02-01', null, 1, 2),
  (116, 'Archived in the future', 2, null, null, 'lost', null, 1, '2024-01-01', '2023-01-01', '2999-01-01', null, 1, 2),
  (117, 'Last microsecond', 2, null, null, 'won', null, 1, '2025-03-30 01:59:59.999999+01', '2025-10-26 02:30:00+02', null, '2025-12-31 23:59:59.999999+00', 1, 3),
  (118, 'Far east', 2, null, null, 'opportunity', null, 1, '2024-01-01', '2024-01-01', null, '2025-06-01 00:00:00+14', 1, 3),
  (119, 'Never', 2, null, null, 'opportunity', null, 1, '2024-01-01', '2024-01-01', null, 'infinity', 1, 3);
-- More distinct words than a search vector may hold.
insert into public.deals (id, name, company_id, stage, description, created_at, updated_at, sales_id, index)
select 120, 'Too much text', 1, 'opportunity', string_agg(md5(i::text), ' ' order by i), '2024-01-01', '2024-01-01', 1, 4 from generate_series(1, 45000) i;
insert into public.tasks (id, contact_id, type, text, due_date, done_date, sales_id) values
  (1, 1, 'Call', 'ring', '2024-05-01', '2024-05-02', 1), (2, 1, 'none', 'Send an e-mail', '2024-05-03', null, 777),
  (3, 2, 'Lunch', 'eat', '2024-05-04', null, 1), (4, 2, 'Ship', 'box', '2024-05-05', null, 1),
  (5, 3, 'Custom', '', 'infinity', null, null), (6, 3, 'Demo', null, 'infinity', null, 1), (7, 3, null, null, '2024-05-05', null, 1);
do $$
declare
  contact_notes regclass := coalesce(to_regclass('public.contact_notes'), to_regclass('public."contactNotes"'));
  deal_notes regclass := coalesce(to_regclass('public.deal_notes'), to_regclass('public."dealNotes"'));
begin
  execute format($sql$insert into %s (id, contact_id, text, date, sales_id, status, attachments) values
    (1, 1, E'\n  First line \nsecond', '2024-05-01', 1, 'warm', array['{"src":"a","title":"t"}'::jsonb]),
    (2, 2, null, null, null, null, null)$sql$, contact_notes);
  execute format($sql$insert into %s (id, deal_id, type, text, date, sales_id, attachments) values
    (1, 104, 'Meeting', 'met', '2024-05-01', 1, array['{"src":"b"}'::jsonb, null]), (2, 104, 'Site visit', '', '2024-04-01', 2, '{}'),
    (3, 101, null, null, null, null, null)$sql$, deal_notes);
end $$;
set local session_replication_role = origin;
select setval(pg_get_serial_sequence('public.' || t, 'id'), 1000)
  from unnest(array['sales', 'tags', 'companies', 'contacts', 'deals', 'tasks']) t;
