-- A backup set as the engine records it, of rows before the migration.
set timezone = 'UTC';
create schema if not exists crm_backup;
do $$
declare t text; copy text; cols text[]; n bigint; s numeric; k text;
begin
  foreach t in array array['deals','contacts','companies','contactNotes','contact_notes','dealNotes','deal_notes','tags','tasks','sales','configuration'] loop
    continue when to_regclass('public.' || quote_ident(t)) is null;
    copy := t || '_backup_20261101_000000';
    execute format('create table crm_backup.%I as select * from public.%I', copy, t);
    execute format('alter table crm_backup.%I add primary key (id)', copy);
    select array_agg(attname::text order by attnum) into cols from pg_attribute where attrelid = ('public.' || quote_ident(t))::regclass and attnum>0 and not attisdropped;
    select string_agg(quote_ident(c), ',') into k from unnest(cols) c;
    execute format('select count(*), coalesce(sum(hashtextextended(row(%s)::text,0)),0) from public.%I', k, t) into n, s;
    insert into migration.migration_backups (run_id, stamp, baseline, table_name, copy_name, columns, row_count, checksum, snapshot_lsn, sequences, no_dump_reason, verified_at)
    values ('00000000-0000-0000-0000-0000000000aa', '20261101_000000', case when to_regclass('public.configuration') is null then 'fork' else 'upstream' end, t, copy, cols, n, s, pg_current_wal_lsn(), '{}', 'a test', now());
  end loop;
end $$;
