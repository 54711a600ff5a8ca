-- S7. A verified backup of this run. $1: the run.
select 'no verified backup of this run' as item
 where not exists (
         select from migration.migration_backups b
          where b.run_id = $1::uuid and b.dropped_at is null
         having count(*) > 0 and count(*) = count(b.verified_at))
