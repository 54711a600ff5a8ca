-- Rows that the migration makes, as the SELECT side of each backfill finds them: table, what from, rows,
-- records left out, why.
with tasks as (
  select t.id,
         t.type ~* '\m(calls?|e[- ]?mails?|meetings?|lunch|demos?|follow[-_ ]?ups?|visits?)\M'
           or t.text ~* '\m(calls?|e[- ]?mails?|meetings?|lunch|demos?|follow[-_ ]?ups?|visits?)\M' as is_named,
         isfinite(coalesce(t.done_date, t.due_date)) as is_dated,
         exists (select from public.contacts p where p.id = t.contact_id) as is_whole
    from public.tasks t)
select 'opportunities' as table, 'deals' as made_from, count(*) as rows, 0::bigint as left_out, '' as why
  from public.deals
 union all
select 'contact_organizations', 'contacts', count(c.id), count(*) - count(c.id), 'no company, or one that does not exist'
  from public.contacts p
  left join public.companies c on c.id = p.company_id
 union all
select 'opportunity_participants', 'deals', count(c.id), count(*) - count(c.id), 'no company, or one that does not exist'
  from public.deals d
  left join public.companies c on c.id = d.company_id
 union all
select 'opportunity_contacts', 'contacts of deals', count(*) filter (where named.is_there),
       coalesce(sum(named.times) filter (where not named.is_there), 0)::bigint, 'no such contact'
  from (select d.id as deal_id, u.id as contact_id, p.id is not null as is_there, count(*) as times
          from public.deals d
          cross join unnest(d.contact_ids) u (id)
          left join public.contacts p on p.id = u.id
         group by d.id, u.id, p.id is not null) named
 union all
select 'activities', 'deal notes', count(d.id), count(*) - count(d.id), 'no such deal'
  from {deal_notes} n
  left join public.deals d on d.id = n.deal_id
 union all
select 'activities', 'contact notes', count(p.id), count(*) - count(p.id), 'no such contact'
  from {contact_notes} n
  left join public.contacts p on p.id = n.contact_id
 union all
select 'activities', 'tasks', count(*) filter (where t.is_named and t.is_dated and t.is_whole),
       count(*) filter (where not (t.is_named and t.is_dated and t.is_whole) is not false),
       'names no call, mail, meeting, demo, follow-up or visit, or has no date'
  from tasks t
