-- Runs with the rights of the migration, because the users who write the rows have none here. The row is read
-- under its old name: from the table, and from the view once there is one. Values are written as the backup's
-- checksums want them. A write never fails because of this: what could not be noted is a difference that nobody
-- explains, which fails the verification, and the entry says why.
create or replace function migration.{function}() returns trigger
language plpgsql security definer
set search_path = '' set timezone = 'UTC' set datestyle = 'ISO, MDY' set intervalstyle = 'postgres'
set extra_float_digits = 1 set bytea_output = 'hex' as $trace$
begin
  if tg_op = 'TRUNCATE' then
    insert into migration.trace (relation, id) select {name}, t.id from {table} t;
    return null;
  end if;
  if tg_op = 'DELETE' then
    insert into migration.trace (relation, id) values ({name}, old.id);
    return null;
  end if;
  if tg_op = 'UPDATE' and new.id <> old.id then
    insert into migration.trace (relation, id) values ({name}, old.id);
  end if;
  insert into migration.trace (relation, id, checksum)
  values ({name}, new.id, (select {checksum} from {table} t where t.id = new.id));
  return null;
exception when others then
  begin
    insert into migration.trace (relation, id, failure) values ({name}, coalesce(new.id, old.id, 0), sqlerrm);
  exception when others then
    null;
  end;
  return null;
end $trace$;
create or replace trigger {trigger} after insert or update or delete on {table}
  for each row when (coalesce(current_setting('migration.backfill', true), '') <> 'on')
  execute function migration.{function}();
alter table {table} enable always trigger {trigger};
create or replace trigger {truncate_trigger} before truncate on {table}
  for each statement execute function migration.{function}();
alter table {table} enable always trigger {truncate_trigger}
