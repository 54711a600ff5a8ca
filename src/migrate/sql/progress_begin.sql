insert into migration.migration_progress as p (run_id, phase, step, total_rows, status)
values ($1, $2, $3, $4, 'in_progress')
on conflict (run_id, phase, step) do update
   set total_rows = excluded.total_rows, status = 'in_progress', error_message = null
returning p.last_key, p.rows_processed, p.batch_number
