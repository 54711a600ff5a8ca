-- The copies of the run's set ($1), or of the latest set when no run is named. A copy that was dropped
-- since makes its set unusable. Columns that the table has lost, where the old name is still a table's: a view
-- that does not show one is the migration's doing.
with sets as (
  select b.stamp, b.run_id, min(b.taken_at) as taken_at
    from migration.migration_backups b
   where $1::uuid is null or b.run_id = $1
   group by b.stamp, b.run_id
  having bool_and(b.verified_at is not null and b.dropped_at is null
                  and to_regclass('crm_backup.' || quote_ident(b.copy_name)) is not null)
   order by taken_at desc, b.stamp desc
   limit 1)
select b.stamp, b.run_id, s.taken_at, b.table_name, b.copy_name, b.columns, b.row_count, b.checksum::text as checksum,
       array(select k.name
               from unnest(b.columns) with ordinality k (name, place)
               join pg_catalog.pg_class c on c.oid = to_regclass('public.' || quote_ident(b.table_name)) and c.relkind in ('r', 'p')
              where k.name <> 'id'
                and not exists (select from pg_catalog.pg_attribute a
                                 where a.attrelid = c.oid and a.attname = k.name and not a.attisdropped)
              order by k.place) as dropped
  from migration.migration_backups b
  join sets s on s.stamp = b.stamp and s.run_id = b.run_id
 order by b.table_name
