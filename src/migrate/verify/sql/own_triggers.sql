-- Triggers of schema public: words, how each is turned off, and the name by which a run would know it.
select quote_ident(c.relname) || ' ' || t.tgname, format('alter table %s disable trigger %I', c.oid::regclass, t.tgname),
       format('trigger %I on public.%I', t.tgname, c.relname)
  from pg_catalog.pg_trigger t
  join pg_catalog.pg_class c on c.oid = t.tgrelid and c.relnamespace = 'public'::regnamespace
 where not t.tgisinternal and c.relkind in ('r', 'p') and t.tgname not like 'migration\_capture\_%'
 order by 1
