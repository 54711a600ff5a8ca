-- Phase 1.1, views. Summaries list the columns of their variant, so they are put together from the
-- catalogue; all run with the caller's rights. init_state is not touched.

-- The other spelling of the contact notes, so that either frontend works on either variant.
do $$
begin
  if to_regclass('public."contactNotes"') is null then
    create view public."contactNotes" with (security_invoker = on) as
      select n.id, n.contact_id, n.text, n.date, n.sales_id, n.status, n.attachments from public.contact_notes n;
  else
    create view public.contact_notes with (security_invoker = on) as
      select n.id, n.contact_id, n.text, n.date, n.sales_id, n.status, n.attachments from public."contactNotes" n;
  end if;
end $$;

-- An insert with "Prefer: missing=default" asks the relation for its defaults: the other names have those of
-- their table, so that it is answered as it was when they were tables.
do $$
declare
  same record;
begin
  for same in
    select v.relname as face, a.attname as name,
           case when b.attidentity <> ''
             then format('nextval(%L)', pg_get_serial_sequence(t.oid::regclass::text, b.attname))
             else pg_get_expr(d.adbin, d.adrelid) end as value
      from (values ('deals', 'opportunities'), ('dealNotes', 'opportunityNotes'),
                   ('deal_notes', 'opportunityNotes'), ('opportunity_notes', 'opportunityNotes')) f (face, tab)
      join pg_catalog.pg_class v on v.relname = f.face and v.relnamespace = 'public'::regnamespace
      join pg_catalog.pg_class t on t.relname = f.tab and t.relnamespace = 'public'::regnamespace
      join pg_catalog.pg_attribute a on a.attrelid = v.oid and a.attnum > 0
      join pg_catalog.pg_attribute b on b.attrelid = t.oid and b.attname = a.attname and a.attname <> 'stage'
      left join pg_catalog.pg_attrdef d on d.adrelid = t.oid and d.adnum = b.attnum
     where b.attidentity <> '' or d.adbin is not null
  loop
    execute format('alter view public.%I alter column %I set default %s', same.face, same.name, same.value);
  end loop;
end $$;

-- The columns of a table that a client should see in a list, as "alias.column, …" in table order.
create function private.shown_columns(relation regclass, alias text) returns text
language sql stable set search_path = '' as $$
  select string_agg(format('%I.%I', alias, a.attname), ', ' order by a.attnum)
    from pg_catalog.pg_attribute a
   where a.attrelid = relation and a.attnum > 0 and not a.attisdropped
     and a.attname <> all (array['search_tsv', 'company_id_backup', 'organizations'])
$$;

-- Tasks of a contact: the fork counts all, upstream the open ones.
create function private.rebuild_summaries(contact_extra text) returns void
language plpgsql set search_path = '' as $$
declare
  is_upstream boolean := exists (
    select from pg_catalog.pg_attribute a
     where a.attrelid = 'public.companies'::regclass and a.attname = 'state_abbr' and not a.attisdropped);
begin
  drop view if exists public.companies_summary;
  execute format($view$
    create view public.companies_summary with (security_invoker = on) as
      select %s,
             (select count(*) from public.opportunities o where o.company_id = c.id) as nb_deals,
             (select count(*) from public.contacts p where p.company_id = c.id) as nb_contacts
        from public.companies c $view$, private.shown_columns('public.companies', 'c'));
  drop view if exists public.contacts_summary;
  execute format($view$
    create view public.contacts_summary with (security_invoker = on) as
      select %s,
             jsonb_path_query_array(p.email_jsonb, '$[*].email')::text as email_fts,
             jsonb_path_query_array(p.phone_jsonb, '$[*].number')::text as phone_fts,
             (select c.name from public.companies c where c.id = p.company_id) as company_name,
             (select count(*) from public.tasks t where t.contact_id = p.id %s) as nb_tasks %s
        from public.contacts p $view$,
    private.shown_columns('public.contacts', 'p'),
    case when is_upstream then 'and t.done_date is null' else '' end,
    contact_extra);
end $$;
revoke all on function private.rebuild_summaries(text) from public;

select private.rebuild_summaries('');

-- Archived rows are shown: the archive list reads this view.
create view public.opportunities_summary with (security_invoker = on) as
  select o.*,
         (select c.name from public.companies c where c.id = o.company_id) as company_name,
         (select c.logo from public.companies c where c.id = o.company_id) as company_logo,
         (select c.deleted_at is not null from public.companies c where c.id = o.company_id) as company_deleted,
         array(select btrim(concat_ws(' ', p.first_name, p.last_name))
                 from unnest(o.contact_ids) with ordinality u (id, place)
                 join public.contacts p on p.id = u.id
                order by u.place) as contact_names,
         (select s.first_name from public.sales s where s.id = o.sales_id) as sales_first_name,
         (select s.last_name from public.sales s where s.id = o.sales_id) as sales_last_name,
         (select s.email from public.sales s where s.id = o.sales_id) as sales_email,
         (select count(*) from public."opportunityNotes" n where n.opportunity_id = o.id) as nb_notes
    from public.opportunities o;

create view public.deals_summary with (security_invoker = on) as
  select d.*,
         (select c.name from public.companies c where c.id = d.company_id) as company_name,
         array(select btrim(concat_ws(' ', p.first_name, p.last_name))
                 from unnest(d.contact_ids) with ordinality u (id, place)
                 join public.contacts p on p.id = u.id
                order by u.place) as contact_names,
         (select count(*) from public."opportunityNotes" n where n.opportunity_id = d.id) as nb_notes
    from public.deals d;

create view public.opportunities_with_status with (security_invoker = on) as
  select o.*, private.stage_is_closed(o.stage) as is_deal
    from public.opportunities o;

-- The old log keeps the old types, ids and columns: it reads the old face. The new log is its twin.
drop view if exists public.activity_log;
do $do$
declare
  company text := format('(select to_json(x.*) from (select %s) x)', private.shown_columns('public.companies', 'c'));
  contact text := format('(select to_json(x.*) from (select %s) x)', private.shown_columns('public.contacts', 'p'));
  opportunity text := format('(select to_json(x.*) from (select %s) x)', private.shown_columns('public.opportunities', 'o'));
  common text := format($part$
    select 'company.' || c.id || '.created' as id, 'company.created' as type, c.created_at as date,
           c.id as company_id, c.sales_id, %s as company, null::json as contact, null::json as %%I,
           null::json as contact_note, null::json as %%I
      from public.companies c
    union all
    select 'contact.' || p.id || '.created', 'contact.created', p.first_seen, p.company_id, p.sales_id,
           null, %s, null, null, null
      from public.contacts p
    union all
    select 'contactNote.' || n.id || '.created', 'contactNote.created', n.date, p.company_id, n.sales_id,
           null, null, null, to_json(n.*), null
      from public.contact_notes n left join public.contacts p on p.id = n.contact_id
    union all $part$, company, contact);
begin
  execute 'create view public.activity_log with (security_invoker = on) as'
    || format(common, 'deal', 'deal_note') || $part$
    select 'deal.' || d.id || '.created', 'deal.created', d.created_at, d.company_id, d.sales_id,
           null, null, to_json(d.*), null, null
      from public.deals d
    union all
    select 'dealNote.' || n.id || '.created', 'dealNote.created', n.date, o.company_id, n.sales_id,
           null, null, null, null, to_json(n.*)
      from public.deal_notes n left join public.opportunities o on o.id = n.deal_id $part$;
  execute 'create view public.opportunity_activity_log with (security_invoker = on) as'
    || format(common, 'opportunity', 'opportunity_note') || format($part$
    select 'opportunity.' || o.id || '.created', 'opportunity.created', o.created_at, o.company_id, o.sales_id,
           null, null, %s, null, null
      from public.opportunities o
    union all
    select 'opportunityNote.' || n.id || '.created', 'opportunityNote.created', n.date, o.company_id, n.sales_id,
           null, null, null, null, to_json(n.*)
      from public."opportunityNotes" n left join public.opportunities o on o.id = n.opportunity_id $part$, opportunity);
end $do$;
