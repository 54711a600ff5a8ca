-- What switches a table's triggers and rules off, and on again as they are.
select format('alter table %s disable trigger %I', t.tgrelid::regclass, t.tgname),
       format('alter table %s enable %s trigger %I', t.tgrelid::regclass,
         case t.tgenabled when 'A' then 'always' when 'R' then 'replica' else '' end, t.tgname)
  from pg_catalog.pg_trigger t
 where t.tgrelid = $1::text::regclass and not t.tgisinternal and t.tgenabled <> 'D'
union all
select format('alter table %s disable rule %I', w.ev_class::regclass, w.rulename),
       format('alter table %s enable %s rule %I', w.ev_class::regclass,
         case w.ev_enabled when 'A' then 'always' when 'R' then 'replica' else '' end, w.rulename)
  from pg_catalog.pg_rewrite w
 where w.ev_class = $1::text::regclass and w.ev_enabled <> 'D'
