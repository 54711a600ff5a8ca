select 'grant', c.relname, c.relowner::regrole, array(select x::text from unnest(coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))) x order by 1)
  from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v', 'm', 'S')
union all
select 'column grant', c.relname || '.' || a.attname, null, array(select x::text from unnest(a.attacl) x order by 1)
  from pg_class c join pg_attribute a on a.attrelid = c.oid where c.relnamespace = 'public'::regnamespace and a.attacl is not null
union all
select 'function body', p.oid::regprocedure::text, p.proowner::regrole,
       array(select x::text from unnest(coalesce(p.proacl, acldefault('f', p.proowner))) x order by 1) || md5(p.prosrc)
  from pg_proc p where p.pronamespace::regnamespace::text in ('public', 'private', 'extensions')
union all
select 'comment', c.relname || '.' || d.objsubid, null, array[d.description]
  from pg_class c join pg_description d on d.classoid = 'pg_class'::regclass and d.objoid = c.oid where c.relnamespace = 'public'::regnamespace
union all
select 'view', c.relname, null, array[pg_get_viewdef(c.oid)] from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('v', 'm')
union all
select 'trigger state', c.relname || '.' || t.tgname, null, array[t.tgenabled::text]
  from pg_class c join pg_trigger t on t.tgrelid = c.oid where c.relnamespace = 'public'::regnamespace and not t.tgisinternal
union all
select 'type', t.oid::regtype::text, null, null from pg_type t
 where t.typnamespace::regnamespace::text in ('public', 'private') and t.typtype in ('e', 'd') 
union all
select 'elsewhere', c.oid::regclass::text, null, null from pg_class c where c.relnamespace::regnamespace::text in ('private', 'extensions')
union all
select 'sequence', s.sequencename, null, array[s.last_value::text] from pg_sequences s where s.schemaname = 'public'
union all
select 'default privilege', d.defaclobjtype::text || d.defaclnamespace, d.defaclrole::regrole, array(select x::text from unnest(d.defaclacl) x order by 1)
  from pg_default_acl d
