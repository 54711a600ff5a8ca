-- The steps of the only run of the copy: phase, step, milliseconds.
select h.phase_number, coalesce(h.step, h.phase_name), (extract(epoch from h.completed_at - h.started_at) * 1000)::bigint
  from migration.migration_history h
 where h.started_at is not null and h.completed_at is not null and h.step is not null
 order by h.id
