-- Relations and columns of schema public that say "deal" outside the names that are kept for old clients. What was
-- there before the run (by its identity in the catalogue) is the site's own; the notes of deals had another
-- name then, and deal_id.
with kept (relation) as (
  select unnest(array['deals', 'deals_summary', 'dealNotes', 'deal_notes', 'activity_log'])),
before (identity) as ({before}),
found as (
  select c.oid, c.relname, case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end as word,
         case c.relname when 'opportunities' then array['opportunities', 'deals']
                        when 'opportunityNotes' then array['opportunityNotes', 'dealNotes', 'deal_notes']
                        else array[c.relname] end as names
    from pg_catalog.pg_class c
   where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'f', 'v', 'm')
     and c.relname not in (select relation from kept))
select f.relname::text as name
  from found f
 where f.relname ilike '%deal%'
   and not exists (select from before b where b.identity = format('%s public.%I', f.word, f.relname))
union all
select f.relname || '.' || a.attname
  from pg_catalog.pg_attribute a join found f on f.oid = a.attrelid
 where a.attnum > 0 and not a.attisdropped and a.attname ilike '%deal%'
   and not exists (select from before b cross join unnest(f.names) n (name)
                    where b.identity = format('column public.%I.%I', n.name, a.attname)
                      and (n.name = f.relname or a.attname <> 'deal_id'))
   -- Both frontends read these two.
   and (f.relname, a.attname) not in (('companies_summary', 'nb_deals'), ('opportunities_with_status', 'is_deal'))
 order by 1
