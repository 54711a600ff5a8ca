-- Phases of the run ($1; else of the latest run) without a completed row, or out of order.
with run as (
  select coalesce($1, (select l.run_id from migration.migration_history l
                        where l.phase_number = 'run' order by l.id desc limit 1)) as id),
phases as (
  select p.phase, p.place, h.started_at, h.completed_at
    from unnest(array['1.1', '1.2', '1.3', '1.4']) with ordinality p (phase, place)
    left join migration.migration_history h
      on h.run_id = (select id from run) and h.phase_number = p.phase and h.step is null and h.status = 'completed')
select p.phase || ' is not recorded as completed' from phases p where p.completed_at is null
union all
select p.phase || ' ended before it began' from phases p where p.completed_at < p.started_at
union all
select p.phase || ' ended before ' || q.phase
  from phases p join phases q on q.place = p.place - 1 where p.completed_at < q.completed_at
