-- The copies of the run's set ($1), or of the latest set when no run is named. A copy that was dropped
-- since makes its set unusable.
with sets as (
  select b.stamp, b.run_id, min(b.taken_at) as taken_at
    from migration.migration_backups b
   where $1::uuid is null or b.run_id = $1
   group by b.stamp, b.run_id
  having bool_and(b.verified_at is not null and b.dropped_at is null
                  and to_regclass('crm_backup.' || quote_ident(b.copy_name)) is not null)
   order by taken_at desc, b.stamp desc
   limit 1)
select b.stamp, b.run_id, s.taken_at, b.table_name, b.copy_name, b.columns, b.row_count, b.checksum::text as checksum
  from migration.migration_backups b
  join sets s on s.stamp = b.stamp and s.run_id = b.run_id
 order by b.table_name
