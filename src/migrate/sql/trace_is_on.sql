-- Whether the trace is that of the run ($1), and the number of tables whose trigger ($2) is on for
-- every session, as it was made; `enable trigger all` after a pause leaves it otherwise.
select coalesce(obj_description(to_regclass('migration.trace'), 'pg_class') = $1::text, false),
       (select count(*) from pg_catalog.pg_trigger t where t.tgname = $2::text and t.tgenabled = 'A')
