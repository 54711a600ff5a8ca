select v.check_type, v.entity_name, v.count_value, v.percentage::float8 as percentage, v.status, v.message
  from migration.migration_validation_results v
 where v.run_id = $1 and v.check_type <> 'verify'
 order by array_position(array['FAIL', 'WARN', 'PASS'], v.status), v.id
