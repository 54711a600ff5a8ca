-- The sets of the run; without one, the latest set there is.
select b.stamp, b.table_name, b.copy_name, b.row_count, b.checksum::text as checksum,
       b.verified_at is not null as is_verified,
       b.dropped_at is null and to_regclass('crm_backup.' || quote_ident(b.copy_name)) is not null as is_there,
       b.dump_path || coalesce(' (SHA-256 ' || b.dump_sha256 || ')', '') as dump, b.no_dump_reason
  from migration.migration_backups b
 where b.stamp = coalesce((select max(r.stamp) from migration.migration_backups r where r.run_id = $1),
                          (select max(r.stamp) from migration.migration_backups r))
 order by b.table_name
