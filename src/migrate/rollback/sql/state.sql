-- The rows of one run, or those of a phase and the later ones; the run itself then counts as stopped.
update migration.migration_history h
   set status = case when h.phase_number = 'run' and $2::text is not null then 'failed' else 'rolled_back' end,
       error_message = case when h.phase_number = 'run' and $2::text is not null
                            then 'phases from ' || $2::text || ' on were rolled back' else h.error_message end,
       completed_at = case when h.phase_number = 'run' and $2::text is not null then null else h.completed_at end,
       -- What was written since then is not traced.
       metadata = case when h.phase_number = 'run' and h.status = 'completed' and $2::text is not null
                       then coalesce(h.metadata, '{}') || '{"was_complete": true}' else h.metadata end,
       updated_at = clock_timestamp()
 where h.run_id = $1
   and h.phase_number <> 'rollback'
   and h.status in ('in_progress', 'completed', 'failed')
   and ($2::text is null or h.phase_number = 'run' or h.phase_number = 'cutover'
        or (h.phase_number like '1.%' and h.phase_number >= $2::text))
