-- Triggers of the CRM's tables and of the accounts that do not fire as usual.
select case when c.relnamespace = 'public'::regnamespace then quote_ident(c.relname) else t.tgrelid::regclass::text end || ' ' || t.tgname
  from pg_catalog.pg_trigger t
  join pg_catalog.pg_class c on c.oid = t.tgrelid
 where c.relnamespace = any (array['public', 'auth']::regnamespace[])
   and t.tgenabled not in ('O', 'A')
   and (not t.tgisinternal or t.tgconstraint <> 0)
 order by 1
