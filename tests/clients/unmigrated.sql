-- A small CRM as it was before the migration, with the grants that Supabase gives to every table, and an
-- administrator whose password is Passw0rd!
alter role authenticator password 'authenticator';
grant all on all tables in schema public to anon, authenticated, service_role;
grant all on all sequences in schema public to anon, authenticated, service_role;
insert into auth.users (
  instance_id, id, aud, role, email, encrypted_password, email_confirmed_at, confirmation_token, recovery_token,
  email_change_token_new, email_change, raw_app_meta_data, raw_user_meta_data, created_at, updated_at)
values ('00000000-0000-0000-0000-000000000000', '00000000-0000-4000-8000-000000000001', 'authenticated', 'authenticated',
        'admin@example.com', extensions.crypt('Passw0rd!', extensions.gen_salt('bf', 4)), now(), '', '', '', '',
        '{"provider": "email", "providers": ["email"]}', '{"first_name": "Ada", "last_name": "Admin"}', now(), now());
insert into public.companies (name, sector, sales_id)
select 'Company ' || i, 'Energy', (select min(id) from public.sales) from generate_series(1, 20) i;
insert into public.contacts (first_name, last_name, company_id, first_seen, last_seen)
select 'First ' || i, 'Last ' || i, i, now(), now() from generate_series(1, 20) i;
insert into public.deals (name, company_id, contact_ids, category, stage, amount, index)
select 'Deal ' || i, 1 + i % 20, array[1 + i % 20], 'Other',
       (array['opportunity', 'proposal-sent', 'in-negociation', 'won', 'lost', 'delayed'])[1 + i % 6], i * 100, i
  from generate_series(1, 60) i;
