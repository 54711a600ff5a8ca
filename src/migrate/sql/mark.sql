insert into migration.migration_history as h (
  run_id, phase_number, phase_name, step, status, started_at, completed_at, error_message, rows_affected, metadata)
values ($1, $2, $3, $4, $5::text,
        case when $5::text <> 'pending' then clock_timestamp() end,
        case when $5::text in ('completed', 'failed', 'rolled_back', 'skipped') then clock_timestamp() end,
        $6, $7, $8)
on conflict (run_id, phase_number, coalesce(step, '')) do update
   set status        = excluded.status,
       started_at    = coalesce(h.started_at, excluded.started_at),
       -- Undoing a run does not change when it was complete.
       completed_at  = case when excluded.status = 'rolled_back' then coalesce(h.completed_at, excluded.completed_at)
                            else excluded.completed_at end,
       error_message = case when excluded.status = 'failed' then excluded.error_message end,
       rows_affected = coalesce(excluded.rows_affected, h.rows_affected),
       metadata      = coalesce(h.metadata, '{}') || coalesce(excluded.metadata, '{}'),
       updated_at    = clock_timestamp()
