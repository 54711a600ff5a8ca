-- What a repair found: run, severity, rule, [{entity, id, old}].
insert into migration.migration_errors (run_id, phase, step, entity, entity_id, severity, message, details)
select $1, 'fix', $3, e.entry ->> 'entity', e.entry ->> 'id', $2, 'repaired by --fix ' || $3::text,
       jsonb_build_object('rule', $3::text, 'old', e.entry -> 'old')
  from jsonb_array_elements($4::jsonb) e (entry)
