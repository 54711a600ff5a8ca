-- Relations and columns of schema public that say "deal" outside the names that are kept for old clients.
with kept (relation) as (
  select unnest(array['deals', 'deals_summary', 'dealNotes', 'deal_notes', 'activity_log']))
select c.relname::text as name
  from pg_catalog.pg_class c
 where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v', 'm')
   and c.relname ilike '%deal%' and c.relname not in (select relation from kept)
union all
select c.relname || '.' || a.attname
  from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
 where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v', 'm') and a.attnum > 0 and not a.attisdropped
   and a.attname ilike '%deal%' and c.relname not in (select relation from kept)
   -- Both frontends read these two.
   and (c.relname, a.attname) not in (('companies_summary', 'nb_deals'), ('opportunities_with_status', 'is_deal'))
 order by 1
