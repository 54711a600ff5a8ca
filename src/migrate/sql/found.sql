-- What a database holds: state (baseline, begun, migrated), the product, and what is missing of it.
with is_upstream as (
  select exists (select from pg_catalog.pg_attribute a
                  where a.attrelid = to_regclass('public.companies') and a.attname = 'state_abbr' and not a.attisdropped) as yes
), relations as (
  select c.relname::text as name, c.relkind from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public'
), is_migrated as (
  -- A table of this name alone proves nothing: scripts of earlier attempts left such.
  select exists (select from pg_catalog.pg_attribute a
                  where a.attrelid = to_regclass('public.opportunities') and a.attname = 'stage'
                     and a.atttypid = to_regtype('public.opportunity_stage') and not a.attisdropped)
         and exists (select from relations r where r.name = 'opportunities' and r.relkind = 'r')
         and not exists (select from relations r where r.name = 'deals' and r.relkind = 'r') as yes
), needed (name) as (
  select unnest(array['sales', 'companies', 'contacts', 'tasks', 'tags'])
  union all
  select case when (select yes from is_migrated) then 'opportunities' else 'deals' end
  union all
  select case when (select yes from is_migrated) then 'opportunityNotes'
              when (select yes from is_upstream) then 'deal_notes' else 'dealNotes' end
  union all
  select case when (select yes from is_upstream) then 'contact_notes' else 'contactNotes' end
)
select case
         when (select yes from is_migrated) then 'migrated'
         when exists (select from pg_catalog.pg_attribute a
                       where a.attrelid = to_regclass('public.deals') and a.attname = 'opportunity_stage' and not a.attisdropped)
           then 'begun'
         else 'baseline'
       end as state,
       (select yes from is_upstream) as is_upstream,
       array(select n.name from needed n
              where not exists (select from relations r where r.name = n.name and r.relkind = 'r') order by 1) as missing
