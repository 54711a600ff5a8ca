select * from (
  select 'column' as kind, c.relname::text as relation,
         concat_ws(' ', a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
                   pg_get_expr(d.adbin, d.adrelid)) as fact
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
   where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v') and a.attnum > 0 and not a.attisdropped
  union all
  select 'constraint', c.relname, k.conname || ' ' || pg_get_constraintdef(k.oid)
    from pg_constraint k join pg_class c on c.oid = k.conrelid where k.connamespace = 'public'::regnamespace and k.contype <> 'n'
  union all
  select 'index', i.tablename, i.indexdef from pg_indexes i where i.schemaname = 'public'
  union all
  select 'policy', p.tablename, concat_ws(' ', p.schemaname, p.policyname, p.permissive, p.roles, p.cmd, p.qual, p.with_check)
    from pg_policies p where p.schemaname in ('public', 'storage')
  union all
  select 'trigger', c.relname, pg_get_triggerdef(t.oid)
    from pg_trigger t join pg_class c on c.oid = t.tgrelid
   where not t.tgisinternal and c.relnamespace = any (array['public', 'auth']::regnamespace[])
  union all
  select 'function', p.proname, concat_ws(' ', p.oid::regprocedure, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),
         p.prosecdef, p.provolatile, p.proconfig)
    from pg_proc p where p.pronamespace = 'public'::regnamespace
  union all
  select 'relation', c.relname, concat_ws(' ', c.relkind, c.reloptions, c.relrowsecurity)
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v', 'S')
  union all
  select 'bucket', b.id, concat_ws(' ', b.name, b.public) from storage.buckets b
) facts order by 1, 2, 3
