-- When users first saw the new words: the end of the cut-over of the run ($1; else of the latest run).
select max(h.completed_at)
  from migration.migration_history h
 where h.phase_number = 'cutover' and h.status = 'completed'
   and h.run_id = coalesce($1, (select l.run_id from migration.migration_history l
                                 where l.phase_number = 'run' order by l.id desc limit 1))
