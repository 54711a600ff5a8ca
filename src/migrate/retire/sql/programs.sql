-- Functions of every schema but the server's, the migration's and its webhooks' (which have rules of their own),
-- without those of extensions: key, words, definition, and what fails with it: triggers on tables of the CRM that
-- call it, themselves or by its name, and policies, constraints, defaults, indexes and views that stand on it.
with firing as (
  select t.tgfoid, p.prosrc, format('trigger %I on %s', t.tgname, t.tgrelid::regclass) as words
    from pg_catalog.pg_trigger t
    join pg_catalog.pg_class c on c.oid = t.tgrelid
    join pg_catalog.pg_proc p on p.oid = t.tgfoid
   where not t.tgisinternal and t.tgparentid = 0
     and c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p'))
select 'proc ' || p.oid, 'function ' || p.oid::regprocedure, pg_get_functiondef(p.oid),
       array(select f.words from firing f
              where f.tgfoid = p.oid or f.prosrc ~ ('\m' || regexp_replace(p.proname, '\W', '.', 'g') || '\s*\(')
              union
             select pg_describe_object(d.classid, d.objid, d.objsubid)
               from pg_catalog.pg_depend d
              where d.refclassid = 'pg_catalog.pg_proc'::regclass and d.refobjid = p.oid
                and d.classid = any (array['pg_catalog.pg_policy', 'pg_catalog.pg_constraint', 'pg_catalog.pg_attrdef',
                                           'pg_catalog.pg_class', 'pg_catalog.pg_rewrite']::regclass[])
              order by 1)
  from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
 where p.prokind <> 'a' and n.nspname <> all (array['information_schema', 'crm_backup', 'migration', 'webhooks'])
   and n.nspname not like 'pg\_%'
   and not exists (select from pg_catalog.pg_depend d
                    where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
 order by 2
