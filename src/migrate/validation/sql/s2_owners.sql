-- S2. Tables of an owner who may not use what the migration's triggers use: when a key cascades, they run with the
-- owner's rights.
select format('%s of %I', c.oid::regclass, r.rolname) as item
  from pg_catalog.pg_class c
  join pg_catalog.pg_roles r on r.oid = c.relowner
 where c.oid = any (array[to_regclass('public.companies'), to_regclass('public.contacts'), to_regclass('public.deals'),
                          to_regclass('public.tasks'), to_regclass('{contact_notes}'), to_regclass('{deal_notes}')]::oid[])
   and not r.rolsuper and r.rolname <> current_user
   and not exists (select from pg_catalog.pg_roles p
                    where p.rolname in ('authenticated', 'service_role') and pg_catalog.pg_has_role(r.oid, p.oid, 'usage'))
 order by 1
