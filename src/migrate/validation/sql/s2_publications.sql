-- S2. Publications of deals or their notes: the tables' names change, and a subscriber looks for a
-- table of the same name.
select format('publication %I (%s)', t.pubname, string_agg(t.tablename, ', ' order by t.tablename)) as item
  from pg_catalog.pg_publication_tables t
 where format('%I.%I', t.schemaname, t.tablename)::regclass = any (array[to_regclass('public.deals'), to_regclass('{deal_notes}')])
 group by t.pubname
 order by 1
