-- Before the cut-over's files: what the site's own roles may do with the relations whose names become views, or
-- that are made anew, as a list for grants_after.sql. Through the new views one reads what one read before, and
-- writes the notes of deals: nothing follows from a note, and the table keeps its privileges and policies. To write
-- deals, or to read or write single columns, needs more (validation: S2-grants).
-- Functions that everybody may call are open to who has signed in then, and to those of the site's own roles that have
-- a part in the CRM.
with carried (source, target, verbs) as (values
  ('public.deals', 'public.deals', array['SELECT']),
  ('public.deals', 'extensions.deals_face', array['SELECT']), -- deals reads it with the caller's rights
  ('public.deal_notes', 'public.deal_notes', array['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
  ('public.deal_notes', 'public."dealNotes"', array['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
  ('public."dealNotes"', 'public.deal_notes', array['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
  ('public."dealNotes"', 'public."dealNotes"', array['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
  ('public.contact_notes', 'public."contactNotes"', array['SELECT']),
  ('public."contactNotes"', 'public.contact_notes', array['SELECT']), -- activity_log reads this spelling
  ('public.companies_summary', 'public.companies_summary', null),
  ('public.contacts_summary', 'public.contacts_summary', null),
  ('public.contacts_summary', 'public.contact_organizations', array['SELECT']), -- which contacts_summary reads now
  ('public.activity_log', 'public.activity_log', null)),
source as (
  select v.target, v.verbs, c.oid, c.relowner, c.relacl
    from carried v
    join pg_catalog.pg_class c on c.oid = to_regclass(v.source)),
granted as (
  select s.target, s.verbs, s.relowner, null::name as name, x.privilege_type, x.grantee, x.is_grantable
    from source s
   cross join lateral pg_catalog.aclexplode(s.relacl) x
  union all
  select s.target, s.verbs, s.relowner, a.attname, x.privilege_type, x.grantee, x.is_grantable
    from source s
    join pg_catalog.pg_attribute a on a.attrelid = s.oid and a.attnum > 0 and not a.attisdropped
   cross join lateral pg_catalog.aclexplode(a.attacl) x
   where s.verbs is null), -- a column alone cannot be read through a view that runs with the caller's rights
fact as (
  select jsonb_build_object('target', g.target, 'name', g.name, 'privilege', g.privilege_type, 'grantee', r.rolname,
                            'grantable', bool_or(g.is_grantable)) as fact
    from granted g
    join pg_catalog.pg_roles r on r.oid = g.grantee
   where g.grantee <> g.relowner and r.rolname <> all (array['anon', 'authenticated', 'service_role', 'postgres'])
     and (g.verbs is null or g.privilege_type = any (g.verbs))
   group by g.target, g.name, g.privilege_type, r.rolname
  union all
  select jsonb_build_object('routine', format('public.%I(%s)', p.proname, oidvectortypes(p.proargtypes)), 'grantee', r.rolname)
    from pg_catalog.pg_proc p
    join pg_catalog.pg_roles r on pg_catalog.has_function_privilege(r.oid, p.oid, 'execute')
   where p.pronamespace = 'public'::regnamespace and p.prokind = 'f' and r.oid <> p.proowner and not r.rolsuper
     and r.rolname <> all (array['anon', 'authenticated', 'service_role', 'postgres'])
     and exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x where x.grantee = 0)
     and r.oid in (select x.grantee from pg_catalog.pg_class c cross join lateral aclexplode(c.relacl) x
                    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v')
                    union
                   select x.grantee from pg_catalog.pg_class c
                     join pg_catalog.pg_attribute a on a.attrelid = c.oid cross join lateral aclexplode(a.attacl) x
                    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v')))
select coalesce(jsonb_agg(fact), '[]') from fact
