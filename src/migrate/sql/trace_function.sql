-- Runs with the rights of the migration, because the users who write the rows have none here. The row is read
-- under its old name: from the table, and from the view once there is one. Values are written as the backup's
-- checksums want them. A write never fails because of this: what could not be noted is a difference that nobody
-- explains, which fails the verification, and the entry says why. Once somebody has dropped a column, the
-- others are noted.
create or replace function migration.{function}() returns trigger
language plpgsql security definer
set search_path = '' set timezone = 'UTC' set datestyle = 'ISO, MDY' set intervalstyle = 'postgres'
set extra_float_digits = 1 set bytea_output = 'hex' as $trace$
declare
  sums jsonb;
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
  begin
    select {checksums} into sums from {table} t where t.id = new.id;
  exception when undefined_column then
    execute (
      select pg_catalog.format('select pg_catalog.jsonb_object(array[%s]::text[], array[%s]::text[]) from {table} t where t.id = $1',
               pg_catalog.string_agg(pg_catalog.quote_literal(c.name), ', '), pg_catalog.string_agg(c.checksum, ', '))
        from unnest({names}, {expressions}) c (name, checksum)
        join pg_catalog.pg_attribute a on a.attrelid = {relation}::regclass and a.attname = c.name and not a.attisdropped)
      into sums using new.id;
  end;
  insert into migration.trace (relation, id, checksums) values ({name}, new.id, sums);
  return null;
exception when others then
  begin
    insert into migration.trace (relation, id, failure)
    values ({name}, case tg_op when 'TRUNCATE' then 0 when 'DELETE' then old.id else new.id end,
            case tg_op when 'TRUNCATE' then 'truncate: ' else '' end || sqlerrm);
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
