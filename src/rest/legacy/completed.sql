-- The recorded end of the last migration that was not taken back.
select max(coalesce(h.completed_at, h.updated_at))
  from migration.migration_history h
 where h.phase_number = 'run' and h.status = 'completed'
