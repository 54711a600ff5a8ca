-- Baseline, views. init_state is read before anybody has signed in, so it runs with its owner's rights;
-- the others with the caller's.

create view public.init_state with (security_invoker = off) as
  select count(first.id) as is_initialized
    from (select s.id from public.sales s limit 1) first;

create view public.companies_summary with (security_invoker = on) as
  select c.*,
         (select count(*) from public.deals d where d.company_id = c.id) as nb_deals,
         (select count(*) from public.contacts p where p.company_id = c.id) as nb_contacts
    from public.companies c;

create view public.contacts_summary with (security_invoker = on) as
  select p.*,
         jsonb_path_query_array(p.email_jsonb, '$[*].email')::text as email_fts,
         jsonb_path_query_array(p.phone_jsonb, '$[*].number')::text as phone_fts,
         (select c.name from public.companies c where c.id = p.company_id) as company_name,
         (select count(*) from public.tasks t where t.contact_id = p.id and t.done_date is null) as nb_tasks
    from public.contacts p;

-- One row per thing that was created; exactly one of the five JSON columns is filled.
create view public.activity_log with (security_invoker = on) as
  select 'company.' || c.id || '.created' as id, 'company.created' as type, c.created_at as date,
         c.id as company_id, c.sales_id,
         to_json(c.*) as company, null::json as contact, null::json as deal,
         null::json as contact_note, null::json as deal_note
    from public.companies c
  union all
  select 'contact.' || p.id || '.created', 'contact.created', p.first_seen, p.company_id, p.sales_id,
         null, to_json(p.*), null, null, null
    from public.contacts p
  union all
  select 'contactNote.' || n.id || '.created', 'contactNote.created', n.date, p.company_id, n.sales_id,
         null, null, null, to_json(n.*), null
    from public.contact_notes n
    left join public.contacts p on p.id = n.contact_id
  union all
  select 'deal.' || d.id || '.created', 'deal.created', d.created_at, d.company_id, d.sales_id,
         null, null, to_json(d.*), null, null
    from public.deals d
  union all
  select 'dealNote.' || n.id || '.created', 'dealNote.created', n.date, d.company_id, n.sales_id,
         null, null, null, null, to_json(n.*)
    from public.deal_notes n
    left join public.deals d on d.id = n.deal_id;
