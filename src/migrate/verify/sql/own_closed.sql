-- Functions that nobody who has signed in may call, and might not before the run ($1) either: the statement that opens
-- one, and its name.
select format('grant execute on function %s to authenticated', p.oid::regprocedure), p.proname::text
  from pg_catalog.pg_proc p
 where p.oid = to_regprocedure('public.merge_contacts(bigint, bigint)')
   and not has_function_privilege('authenticated', p.oid, 'execute')
   and exists (select from migration.migration_catalogue c
                where c.run_id = $1 and c.moment = 'before'
                  and c.kind = 'function' and c.identity = 'function public.merge_contacts(bigint,bigint)')
   and not exists (select from migration.migration_catalogue c
                    where c.run_id = $1 and c.moment = 'before' and c.kind = 'grant'
                      and c.identity = any (array['grant execute on routine public.merge_contacts(bigint,bigint) to public',
                                                  'grant execute on routine public.merge_contacts(bigint,bigint) to authenticated']))
