do $$
declare
  found record;
begin
  for found in select t.tgname, t.tgrelid::regclass as relation from pg_catalog.pg_trigger t
                where t.tgname in ('migration_capture_trace', 'migration_capture_trace_truncate')
  loop
    execute format('drop trigger %I on %s', found.tgname, found.relation);
  end loop;
  for found in select p.oid::regprocedure as name from pg_catalog.pg_proc p
                where p.pronamespace = to_regnamespace('migration') and p.proname like 'trace\_%'
                  and p.prorettype = 'trigger'::regtype
  loop
    execute format('drop function %s', found.name);
  end loop;
end $$
