-- Triggers of the CRM's tables and of the accounts that do not fire as usual: words, and the relation. Of the
-- accounts' own triggers, those that write the CRM's rows.
select case when c.relnamespace = 'public'::regnamespace then quote_ident(c.relname) else t.tgrelid::regclass::text end || ' ' || t.tgname,
       c.relnamespace::regnamespace || '.' || quote_ident(c.relname)
  from pg_catalog.pg_trigger t
  join pg_catalog.pg_class c on c.oid = t.tgrelid
  join pg_catalog.pg_proc p on p.oid = t.tgfoid
 where c.relnamespace = any (array['public', 'auth']::regnamespace[])
   and t.tgenabled not in ('O', 'A')
   and (not t.tgisinternal or t.tgconstraint <> 0)
   and (t.tgisinternal or c.relnamespace = 'public'::regnamespace or p.proname in ('handle_new_user', 'handle_update_user'))
 order by 1
