do $$
declare
  found record;
begin
  for found in select t.tgname, t.tgrelid::regclass as relation from pg_catalog.pg_trigger t
                where t.tgname in ('migration_capture_write', 'migration_capture_delete', 'migration_capture_truncate')
  loop
    execute format('drop trigger %I on %s', found.tgname, found.relation);
  end loop;
end $$;
drop function migration.note_change();
drop table migration.changed;
