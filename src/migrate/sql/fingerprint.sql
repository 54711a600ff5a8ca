-- One digest per table that the migration works on: columns, constraints, triggers.
with tables as (
  select c.oid, c.relname::text as name from pg_catalog.pg_class c
   where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
     and c.relname = any (array['companies', 'contacts', 'deals', 'opportunities', 'dealNotes', 'deal_notes', 'opportunityNotes',
       'contactNotes', 'contact_notes', 'tasks', 'tags', 'sales', 'contact_organizations', 'contact_preferred_principals',
       'opportunity_participants', 'opportunity_contacts', 'opportunity_products', 'activities', 'interaction_participants'])
), facts as (
  select t.name, concat_ws(' ', 'column', a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
           a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid)) as fact
    from tables t
    join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  union all
  select t.name, concat_ws(' ', 'constraint', k.conname, pg_get_constraintdef(k.oid))
    from tables t join pg_catalog.pg_constraint k on k.conrelid = t.oid
  union all
  select t.name, concat_ws(' ', 'trigger', pg_get_triggerdef(g.oid), g.tgenabled)
    from tables t join pg_catalog.pg_trigger g on g.tgrelid = t.oid and not g.tgisinternal
   and g.tgname not like 'migration\_capture\_%'
  union all
  select t.name, concat_ws(' ', 'security', c.relrowsecurity, c.relforcerowsecurity)
    from tables t join pg_catalog.pg_class c on c.oid = t.oid
)
select f.name, md5(string_agg(f.fact, E'\n' order by f.fact)) from facts f group by f.name
