-- Functions of every schema but the server's, the migration's and its webhooks' (which have rules of their own),
-- without those of extensions: key, words, definition, the triggers on tables of the CRM that call it.
select 'proc ' || p.oid, 'function ' || p.oid::regprocedure, pg_get_functiondef(p.oid),
       array(select format('trigger %I on %s', t.tgname, t.tgrelid::regclass)
               from pg_catalog.pg_trigger t
               join pg_catalog.pg_class c on c.oid = t.tgrelid
              where t.tgfoid = p.oid and not t.tgisinternal and t.tgparentid = 0
                and c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
              order by 1)
  from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
 where p.prokind <> 'a' and n.nspname <> all (array['information_schema', 'crm_backup', 'migration', 'webhooks'])
   and n.nspname not like 'pg\_%'
   and not exists (select from pg_catalog.pg_depend d
                    where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
 order by 2
