-- Triggers of schema public that were there at the moment ($2) of the run ($1), and how each is turned off.
select x.relation || ' ' || x.tgname, format('alter table %s disable trigger %I', x.oid::regclass, x.tgname)
  from (select c.oid, quote_ident(c.relname) as relation, t.tgname
          from migration.migration_catalogue s
          join pg_catalog.pg_trigger t on s.definition ->> 'key' = 'trigger ' || t.oid
          join pg_catalog.pg_class c on c.oid = t.tgrelid and c.relnamespace = 'public'::regnamespace
         where s.run_id = $1 and s.moment = $2 and s.kind = 'trigger' and not t.tgisinternal and c.relkind in ('r', 'p')) x
 order by 1
