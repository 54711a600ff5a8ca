-- The verified set that the run names, or was taken for it, or else the last one taken before it began.
select b.table_name, b.copy_name, b.columns, b.row_count, b.checksum::text
  from migration.migration_backups b
 where b.stamp = (select s.stamp from migration.migration_backups s
                   where s.verified_at is not null and s.dropped_at is null
                     and (s.run_id = $1 or s.taken_at <= $2
                          or s.stamp in (select h.metadata ->> 'stamp' from migration.migration_history h where h.run_id = $1))
                   order by s.stamp in (select h.metadata ->> 'stamp' from migration.migration_history h
                                         where h.run_id = $1 and h.metadata ? 'stamp') desc,
                            s.run_id = $1 desc, s.stamp desc limit 1)
   and b.verified_at is not null and b.dropped_at is null
   -- Rows are told apart by their id.
   and exists (select from pg_catalog.pg_index i join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
                where i.indrelid = to_regclass('crm_backup.' || quote_ident(b.copy_name)) and i.indisprimary
                  and i.indnkeyatts = 1 and a.attname = 'id')
