-- The verified set taken for a run, or else the last one taken before it began.
select b.table_name, b.copy_name, b.columns, b.row_count, b.checksum::text
  from migration.migration_backups b
 where b.stamp = (select s.stamp from migration.migration_backups s
                   where s.verified_at is not null and s.dropped_at is null
                     and (s.run_id = $1 or s.taken_at <= $2)
                   order by s.run_id = $1 desc, s.stamp desc limit 1)
   and b.verified_at is not null and b.dropped_at is null
