update migration.migration_progress p
   set rows_processed = $4, batch_number = $5, last_key = $6, status = 'in_progress',
       total_batches = $5 + ceil(greatest(p.total_rows - $4, 0)::numeric / greatest($7::bigint, 1)),
       estimated_completion = case when $4 > 0 then clock_timestamp()
         + (clock_timestamp() - p.started_at) * (greatest(p.total_rows - $4, 0)::double precision / $4) end
 where p.run_id = $1 and p.phase = $2 and p.step = $3
