-- S2. Restrictive policies on the tables whose rows the migration copies: it writes activities,
-- contact_organizations, opportunity_contacts and opportunity_participants from them, and there such a policy
-- hides nothing. (More permissive ones can only show more of the old table.)
select format('policy %I on %s', p.polname, p.polrelid::regclass) as item
  from pg_catalog.pg_policy p
 where not p.polpermissive
   and p.polrelid = any (array[to_regclass('public.companies'), to_regclass('public.contacts'), to_regclass('public.deals'),
                               to_regclass('public.tasks'), to_regclass('{contact_notes}'), to_regclass('{deal_notes}')]::oid[])
 order by 1
