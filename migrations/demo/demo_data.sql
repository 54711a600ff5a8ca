-- Demo data: a small CRM in mid-life. Dates count back from the day it is loaded. Loaded once, and only
-- into a database without accounts. Password of every account: Passw0rd!

create function pg_temp.pick(list text[], n bigint) returns text language sql immutable as
$$ select list[1 + n % array_length(list, 1)] $$;
-- Upstream stores sectors, task types and statuses as slugs, the fork as labels.
create function pg_temp.word(label text) returns text language sql stable as
$$ select case when to_regclass('public.configuration') is null then label
               else trim(both '-' from regexp_replace(lower(label), '[^a-z0-9]+', '-', 'g')) end $$;

-- The first account becomes administrator; the auth hook makes the rows of sales.
insert into auth.users (
  instance_id, id, aud, role, email, encrypted_password, email_confirmed_at, confirmation_token, recovery_token,
  email_change_token_new, email_change, raw_app_meta_data, raw_user_meta_data, created_at, updated_at)
select '00000000-0000-0000-0000-000000000000', ('00000000-0000-4000-8000-' || lpad(a.n::text, 12, '0'))::uuid,
       'authenticated', 'authenticated', a.email, extensions.crypt('Passw0rd!', extensions.gen_salt('bf', 10)),
       now(), '', '', '', '', '{"provider": "email", "providers": ["email"]}',
       jsonb_build_object('first_name', a.first_name, 'last_name', a.last_name), now(), now()
  from (values (1, 'admin@example.com', 'Ada', 'Admin'), (2, 'sam@example.com', 'Sam', 'Seller'),
               (3, 'rita@example.com', 'Rita', 'O''Reilly'), (4, 'yuki@example.com', '雪', '高橋'),
               (5, 'gone@example.com', 'Gus', 'Gone')) a (n, email, first_name, last_name)
 order by a.n;
insert into auth.identities (provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
select u.id::text, u.id, jsonb_build_object('sub', u.id, 'email', u.email, 'email_verified', true, 'phone_verified', false),
       'email', now(), now(), now()
  from auth.users u;
update public.sales set disabled = true where email = 'gone@example.com';
update auth.users set banned_until = now() + interval '10 years' where email = 'gone@example.com';

insert into public.tags (name, color) values
  ('vip', 'warm'), ('conference', 'green'), ('newsletter', 'teal'), ('influencer', 'blue'),
  ('decision maker', 'purple'), ('referral', 'yellow'), ('at risk', 'pink'), ('partner', 'gray');

create temporary table demo_company (n integer, name text, sector text, size smallint, domain text, city text, country text,
  state text, revenue text, description text, kind public.organization_type, priority text) on commit drop;
insert into demo_company values
  (1, 'Northwind Foods', 'Consumer Staples', 250, 'northwind-foods.example', 'Lyon', 'France', null, '48M', 'Frozen vegetables for hotels and schools.', 'customer', 'A'),
  (2, 'Granite Robotics', 'Industrials', 50, 'granite-robotics.example', 'Austin', 'USA', 'TX', '12M', 'Picking robots for small warehouses.', 'customer', 'A'),
  (3, 'Harbor Clinics', 'Health Care', 500, 'harbor-clinics.example', 'Seattle', 'USA', 'WA', '310M', 'Fourteen outpatient clinics on the coast.', 'customer', 'A'),
  (4, 'Cedar & Sons', 'Consumer Discretionary', 10, 'cedar-and-sons.example', 'Portland', 'USA', 'OR', '2M', 'Furniture made to measure since 1962.', 'customer', 'C'),
  (5, 'Quartz Analytics', 'Information Technology', 50, 'quartz-analytics.example', 'Dublin', 'Ireland', null, '9M', 'Forecasts for grocery chains.', 'prospect', 'B'),
  (6, 'Maple Energy', 'Energy', 500, 'maple-energy.example', 'Montréal', 'Canada', 'QC', '1.2B', 'Wind and water power, and the grid around it.', 'customer', 'A'),
  (7, 'Silver Lake Media', 'Communication Services', 50, 'silverlake.example', 'Los Angeles', 'USA', 'CA', '7M', 'Podcasts and the advertisements in them.', 'customer', 'B'),
  (8, 'Delta Textiles', 'Materials', 250, 'delta-textiles.example', 'Porto', 'Portugal', null, '33M', 'Technical fabrics for sails and tents.', 'customer', 'B'),
  (9, 'Kumo Systems', 'Information Technology', 250, 'kumo.example', 'Osaka', 'Japan', null, '64M', 'Booking systems for railways.', 'customer', 'A'),
  (10, 'Summit Estates', 'Real Estate', 10, 'summit-estates.example', 'Denver', 'USA', 'CO', '5M', 'Offices and workshops to let.', 'prospect', 'C'),
  (11, 'Blue Finch Logistics', 'Industrials', 250, 'bluefinch.example', 'Rotterdam', 'Netherlands', null, '88M', 'Chilled freight, door to door.', 'distributor', 'B'),
  (12, 'Papier Royal', 'Materials', 50, 'papier-royal.example', 'Paris', 'France', null, '15M', 'Fine papers since 1871.', 'principal', 'A'),
  (13, 'Lumen Print', 'Industrials', 50, 'lumenprint.example', 'Leipzig', 'Germany', null, '21M', 'Digital presses, sold and serviced.', 'principal', 'A'),
  (14, 'Azul Finance', 'Financials', 250, 'azul.example', 'Madrid', 'Spain', null, '140M', 'Credit for small importers.', 'customer', 'B'),
  (15, 'Fjord Seafood', 'Consumer Staples', 50, 'fjord-seafood.example', 'Bergen', 'Norway', null, '27M', 'Salmon and cod, smoked and fresh.', 'customer', 'B'),
  (16, 'Terra Nova Utilities', 'Utilities', 500, 'terranova.example', 'Halifax', 'Canada', 'NS', '640M', 'Water for two million people.', 'customer', 'A'),
  (17, 'Studio Onze', 'Communication Services', 1, 'studio-onze.example', 'Brussels', 'Belgium', null, null, 'One designer, many brands.', 'partner', 'D'),
  (18, 'Orchard Schools', 'Consumer Discretionary', 250, 'orchard.example', 'Bristol', 'United Kingdom', null, '19M', 'Nine independent schools.', 'customer', 'C'),
  (19, 'Vector Labs', 'Health Care', 10, 'vectorlabs.example', 'Boston', 'USA', 'MA', '3M', 'Reagents for universities.', 'prospect', 'B'),
  (20, 'Monsoon Tea', 'Consumer Staples', 10, 'monsoon-tea.example', 'Chiang Mai', 'Thailand', null, '1M', 'Forest tea, single origin.', 'customer', 'C');
insert into public.companies (name, sector, size, linkedin_url, website, phone_number, address, zipcode, city, country, description,
  revenue, tax_identifier, context_links, sales_id, created_at, organization_type, is_principal, is_distributor, segment, priority)
select d.name, pg_temp.word(d.sector), d.size, 'https://www.linkedin.com/company/' || split_part(d.domain, '.', 1),
       'https://' || d.domain, '+1 555 01' || lpad(d.n::text, 2, '0'), (d.n * 7) || ' Market Street', lpad((d.n * 4211 % 99999)::text, 5, '0'),
       d.city, d.country, d.description, d.revenue, 'TAX-' || (1000 + d.n), json_build_array('https://' || d.domain || '/news'),
       1 + d.n % 4, now() - (400 - d.n * 15) * interval '1 day', d.kind, d.kind = 'principal', d.kind = 'distributor',
       pg_temp.pick(array['Standard', 'Key account', 'Standard', 'Growth'], d.n), d.priority
  from demo_company d order by d.n;
do $$
begin
  if to_regclass('public.configuration') is null then
    update public.companies c set "stateAbbr" = d.state from demo_company d where d.name = c.name;
  else
    update public.companies c set state_abbr = d.state from demo_company d where d.name = c.name;
  end if;
end $$;
update public.companies c set parent_company_id = (select p.id from public.companies p where p.name = 'Maple Energy')
 where c.name = 'Terra Nova Utilities';

-- Three people per company.
insert into public.contacts (first_name, last_name, gender, title, department, background, first_seen, last_seen, has_newsletter, status, tags,
  company_id, sales_id, linkedin_url, email_jsonb, phone_jsonb, role, purchase_influence, decision_authority, is_primary_contact)
select p.first_name, p.last_name, pg_temp.pick(array['female', 'male', 'female', 'male', 'nonbinary'], p.i), r.title, r.department,
       'Met ' || pg_temp.pick(array['at the spring fair', 'through a referral', 'on a webinar', 'during a site visit'], p.i) || '.',
       c.created_at + p.i * interval '1 day', now() - (p.i * 37 % 90) * interval '1 day', p.i % 3 = 0,
       pg_temp.word(pg_temp.pick(array['warm', 'hot', 'cold', 'in-contract'], p.i)), array[1 + p.i % 8, 1 + (p.i * 3 + 4) % 8],
       c.id, c.sales_id, 'https://www.linkedin.com/in/demo-' || p.i,
       jsonb_build_array(jsonb_build_object('email', 'person' || p.i || '@' || d.domain, 'type', 'Work'))
         || case when p.i % 4 = 0 then jsonb_build_array(jsonb_build_object('email', 'person' || p.i || '@mail.example', 'type', 'Home')) else '[]' end,
       jsonb_build_array(jsonb_build_object('number', '+1 555 02' || lpad(p.i::text, 2, '0'), 'type', 'Work')),
       r.role, r.influence, r.authority, p.i % 3 = 0
  from (select i, pg_temp.pick(array['Ana', 'Ben', 'Chloé', 'Dmitri', 'Eve', 'Farid', 'Grace', 'Hugo', 'Inés', 'Jun', 'Kofi', 'Lena', 'Marco', 'Nadia', 'Oskar', 'Priya', 'Quinn'], i) as first_name,
               pg_temp.pick(array['Silva', 'Smith', 'Dupont', 'Ivanov', 'Okafor', 'Khan', 'Lee', 'Martin', 'Nakamura', 'Novak', 'Murphy', 'Rossi', 'Weber'], i * 5) as last_name
          from generate_series(0, 59) i) p
  join demo_company d on d.n = 1 + p.i / 3
  join public.companies c on c.name = d.name
  join (values (0, 'Managing Director', 'Management', 'decision_maker'::public.contact_role, 'High', 'Decision Maker'),
               (1, 'Head of Procurement', 'Purchasing', 'buyer', 'Medium', 'Influencer'),
               (2, 'Project Engineer', 'Operations', 'end_user', 'Low', 'End User')) r (k, title, department, role, influence, authority)
    on r.k = p.i % 3
 order by p.i;
-- Some people work for two.
select public.add_contact_to_organization(p.id, c.id, role => 'influencer', purchase_influence => 'Low')
  from public.contacts p
  join public.companies c on c.name = 'Studio Onze'
 where p.company_id in (select x.id from public.companies x where x.name in ('Silver Lake Media', 'Papier Royal')) and p.is_primary_contact;
select public.add_principal_advocacy(p.id, c.id, 4 + (p.id % 7)::integer)
  from public.contacts p
  cross join public.companies c
 where c.is_principal and p.id % 5 = c.id % 5 and p.company_id <> c.id;

-- Forty opportunities, five in each stage.
insert into public.opportunities (name, company_id, contact_ids, category, stage, priority, description, amount, created_at, updated_at,
  expected_closing_date, actual_close_date, sales_id, index, next_action, next_action_date, competition, principal_organization_id, distributor_organization_id)
select pg_temp.pick(array['Website redesign', 'Spring catalogue', 'Packaging line', 'Annual report', 'Trade fair stand', 'Brand guide', 'Label printing', 'Customer portal'], g.i * 3) || ' for ' || c.name,
       c.id,
       (select array_agg(p.id order by p.id) from (select x.id from public.contacts x where x.company_id = c.id order by x.id limit 1 + g.i % 3) p),
       pg_temp.word(pg_temp.pick(array['Website design', 'Print project', 'UI Design', 'Copywriting', 'Other'], g.i)),
       s.stage, (array['low', 'medium', 'high', 'critical']::public.priority_level[])[1 + g.i % 4],
       'Asked for by ' || c.name || '. Budget is agreed for the ' || pg_temp.pick(array['first', 'second', 'third', 'last'], g.i) || ' quarter.',
       1000 * (3 + g.i * 17 % 90), now() - (120 - g.i * 2) * interval '1 day', now() - (g.i % 20) * interval '1 day',
       date_trunc('day', now() + (g.i * 9 % 120 - case when s.closed then 60 else 0 end) * interval '1 day'),
       case when s.closed then (now() - (g.i % 20) * interval '1 day')::date end,
       1 + g.i % 4, (g.i / 8)::smallint,
       case when not s.closed then pg_temp.pick(array['Send the quote', 'Call back', 'Arrange a site visit', 'Wait for the budget'], g.i) end,
       case when not s.closed then (now() + (g.i % 15) * interval '1 day')::date end,
       case when g.i % 6 = 0 then 'A local agency' end,
       case when g.i % 4 = 1 then (select x.id from public.companies x where x.is_principal order by x.id offset g.i % 2 limit 1) end,
       case when g.i % 8 = 5 then (select x.id from public.companies x where x.is_distributor order by x.id limit 1) end
  from generate_series(0, 39) g (i)
  join demo_company d on d.n = 1 + g.i * 7 % 20
  join public.companies c on c.name = d.name
  join lateral (select v as stage, v in ('closed_won', 'closed_lost') as closed
                  from unnest(enum_range(null::public.opportunity_stage)) with ordinality u (v, place) where u.place = 1 + g.i % 8) s on true
 order by g.i;
update public.opportunities set archived_at = now() - interval '3 days' where stage = 'closed_lost' and index = 0;

insert into public.contact_notes (contact_id, text, date, sales_id, status)
select p.id, pg_temp.pick(array['Called about the offer; wants to see samples first.', 'Left a message, will try again on Monday.',
         'Met for lunch. Budget comes in spring.', 'Sent the price list.', 'Asked for references from the same sector.'], p.id),
       now() - (p.id * 11 % 60) * interval '1 day', p.sales_id, p.status
  from public.contacts p where p.id % 2 = 0 order by p.id;
insert into public."opportunityNotes" (opportunity_id, type, text, date, sales_id)
select o.id, pg_temp.pick(array['Email', 'Call', 'Meeting', null], o.id),
       pg_temp.pick(array['Draft sent for review.', 'They compare us with two others.', 'Scope grew by one country.', 'Waiting for a signature.'], o.id + k),
       now() - (o.id + k * 5) * interval '1 day', o.sales_id
  from public.opportunities o cross join generate_series(0, 1) k order by o.id, k;
insert into public.tasks (contact_id, type, text, due_date, done_date, sales_id)
select p.id, pg_temp.word(pg_temp.pick(array['Email', 'Demo', 'Lunch', 'Meeting', 'Follow-up', 'Thank you', 'Ship', 'Call'], p.id)),
       pg_temp.pick(array['Send the offer', 'Show the portal', 'Talk about next year', 'Ask how the first week went'], p.id),
       date_trunc('day', now()) + (p.id * 13 % 40 - 10) * interval '1 day', case when p.id % 4 = 0 then now() - interval '1 day' end, p.sales_id
  from public.contacts p where p.id % 3 <> 1 order by p.id;
select public.log_interaction(o.id, 'meeting', 'Kick-off with ' || c.name, 'Who decides, by when, and on what budget.', o.contact_ids[1],
         activity_date => o.created_at + interval '2 days', duration_minutes => 45, sentiment => 'positive', created_by => o.sales_id)
  from public.opportunities o join public.companies c on c.id = o.company_id where o.stage <> 'lead' order by o.id;
select public.log_engagement('call', 'Quarterly call', 'Nothing urgent.', p.id, activity_date => now() - (p.id % 50) * interval '1 day',
         duration_minutes => 15, created_by => p.sales_id)
  from public.contacts p where p.is_primary_contact order by p.id;
