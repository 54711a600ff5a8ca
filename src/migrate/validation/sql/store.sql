-- One result: run, check, entity, count, of how many, status, message. Percent are cut, as they are shown.
insert into migration.migration_validation_results (run_id, check_type, entity_name, count_value, percentage, status, message)
values ($1, $2, $3, $4, case when $5::bigint > 0 then trunc(100.0 * least($4::bigint, $5::bigint) / $5::bigint, 4) end, $6, $7)
