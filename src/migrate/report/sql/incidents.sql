select concat_ws(' ', e.phase, e.step) as place, concat_ws(' ', e.entity, e.entity_id) as entity, e.severity, e.message,
       e.created_at, count(*) over () as total
  from migration.migration_errors e
 where e.run_id = $1
 order by array_position(array['critical', 'high', 'medium', 'low'], lower(e.severity)) nulls last, e.id
 limit 200
