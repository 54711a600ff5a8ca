-- Phases and their steps in the order in which they began; a phase stands before its steps.
select h.phase_number, h.phase_name, h.step, h.status, h.started_at, h.completed_at, h.rows_affected, h.error_message
  from migration.migration_history h
 where h.run_id = $1 and h.phase_number not in ('run', 'verify')
 order by min(h.id) over (partition by h.phase_number), h.step is not null, h.id
