-- Baseline, views. init_state is read before anybody has signed in, so it runs with its owner's rights.
-- contacts_summary has no security_invoker here because the real fork has none; phase 1.1 rebuilds it.

create view public.init_state with (security_invoker = off) as
  select count(first.id) as is_initialized
    from (select s.id from public.sales s limit 1) first;

create view public.companies_summary with (security_invoker = on) as
  select c.*,
         (select count(*) from public.deals d where d.company_id = c.id) as nb_deals,
         (select count(*) from public.contacts p where p.company_id = c.id) as nb_contacts
    from public.companies c;

create view public.contacts_summary as
  select p.id, p.first_name, p.last_name, p.gender, p.title,
         p.email_jsonb, jsonb_path_query_array(p.email_jsonb, '$[*].email')::text as email_fts,
         p.phone_jsonb, jsonb_path_query_array(p.phone_jsonb, '$[*].number')::text as phone_fts,
         p.background, p.avatar, p.first_seen, p.last_seen, p.has_newsletter, p.status, p.tags,
         p.company_id, p.sales_id, p.linkedin_url,
         (select c.name from public.companies c where c.id = p.company_id) as company_name,
         (select count(*) from public.tasks t where t.contact_id = p.id) as nb_tasks
    from public.contacts p;
