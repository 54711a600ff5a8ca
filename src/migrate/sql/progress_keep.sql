update migration.migration_progress p
   set rows_processed = $4::bigint, batch_number = $5::integer, last_key = $6::bigint, status = 'in_progress',
       total_batches = $5::integer + ceil(greatest(p.total_rows - $4::bigint, 0)::numeric / greatest($7::bigint, 1))::integer,
       estimated_completion = case when $4::bigint > 0 then clock_timestamp()
         + (clock_timestamp() - p.started_at) * (greatest(p.total_rows - $4::bigint, 0)::double precision / $4::bigint) end
 where p.run_id = $1 and p.phase = $2 and p.step = $3
