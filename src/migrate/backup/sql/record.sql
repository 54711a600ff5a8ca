-- One copied table: run, stamp, baseline, table, copy, columns, rows, checksum, position, sequences, dump
-- (path, digest, bytes) or the reason why there is none, manifest.
insert into migration.migration_backups (
  run_id, stamp, baseline, table_name, copy_name, columns, row_count, checksum, snapshot_lsn, sequences,
  dump_path, dump_sha256, dump_bytes, no_dump_reason, manifest_path, verified_at)
values ($1, $2, $3, $4, $5, $6, $7, $8::text::numeric, $9::text::pg_lsn, $10, $11, $12, $13, $14, $15, clock_timestamp())
