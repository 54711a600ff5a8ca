select kind, relation, fact from (
  select 'column' as kind, c.oid::regclass::text as relation,
         concat_ws(' ', a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
                   a.attstattarget, a.attacl::text, pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)) as fact
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
   where c.relnamespace = any (array['public', 'private', 'extensions']::regnamespace[]) and c.relkind in ('r', 'v')
     and a.attnum > 0 and not a.attisdropped
  union all
  select 'constraint', k.conrelid::regclass::text, concat_ws(' ', k.conname, pg_get_constraintdef(k.oid), k.convalidated)
    from pg_constraint k where k.connamespace = any (array['public', 'private']::regnamespace[]) and k.contype <> 'n'
  union all
  select 'index', x.indrelid::regclass::text, concat_ws(' ', pg_get_indexdef(x.indexrelid), x.indisvalid, x.indisready)
    from pg_index x join pg_class c on c.oid = x.indexrelid where c.relnamespace = any (array['public', 'private']::regnamespace[])
  union all
  select 'policy', p.tablename, concat_ws(' ', p.schemaname, p.policyname, p.permissive, p.roles, p.cmd, p.qual, p.with_check)
    from pg_policies p
  union all
  select 'trigger', t.tgrelid::regclass::text, concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled)
    from pg_trigger t where not t.tgisinternal
  union all
  select 'function', p.oid::regprocedure::text, concat_ws(' ', pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),
         p.prosecdef, p.provolatile, p.proparallel, p.proisstrict, p.proconfig, md5(p.prosrc), p.proacl)
    from pg_proc p where p.pronamespace = any (array['public', 'private']::regnamespace[])
  union all
  select 'relation', c.oid::regclass::text, concat_ws(' ', c.relkind, c.reloptions, c.relrowsecurity, c.relforcerowsecurity,
         c.relacl::text, obj_description(c.oid, 'pg_class'))
    from pg_class c where c.relnamespace = any (array['public', 'private']::regnamespace[]) and c.relkind in ('r', 'v', 'S')
  union all
  select 'view', v.oid::regclass::text, md5(pg_get_viewdef(v.oid))
    from pg_class v where v.relnamespace = any (array['public', 'private', 'extensions']::regnamespace[]) and v.relkind = 'v'
  union all
  select 'type', t.oid::regtype::text, (select string_agg(e.enumlabel, ',' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid)
    from pg_type t where t.typnamespace = 'public'::regnamespace and t.typtype = 'e'
) facts order by 1, 2, 3
