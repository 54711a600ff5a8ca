-- Whether a copy of this second is there; facts.sql makes the stamp.
select exists (
  select from pg_catalog.pg_class c
   where c.relnamespace = to_regnamespace('crm_backup')
     and right(c.relname, 23) = '_backup_' || to_char(now() at time zone 'UTC', 'YYYYMMDD_HH24MISS'))
