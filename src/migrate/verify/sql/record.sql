insert into migration.migration_validation_results
  (run_id, check_type, entity_name, count_value, percentage, status, message)
values ($1, 'verify', $2, $3, $4::float8::numeric, $5, $6)
