-- Before the cut-over's files: what a site says of policies, triggers, constraints, functions and views, and of tables
-- and their columns whose names may be views' then, as a list for comments_after.sql. What policies and their like are
-- on is named by number, because its name may change.
with said (kind, relation, name, text) as (
  select 'policy', p.polrelid, p.polname::text, d.description
    from pg_catalog.pg_policy p join pg_catalog.pg_description d on d.classoid = 'pg_catalog.pg_policy'::regclass and d.objoid = p.oid
  union all
  select 'trigger', t.tgrelid, t.tgname, d.description
    from pg_catalog.pg_trigger t join pg_catalog.pg_description d on d.classoid = 'pg_catalog.pg_trigger'::regclass and d.objoid = t.oid
   where not t.tgisinternal
  union all
  select 'constraint', k.conrelid, k.conname, d.description
    from pg_catalog.pg_constraint k join pg_catalog.pg_description d on d.classoid = 'pg_catalog.pg_constraint'::regclass and d.objoid = k.oid),
noted as (
  select jsonb_build_object('kind', s.kind, 'relation', s.relation::bigint, 'name', s.name, 'text', s.text) as note
    from said s join pg_catalog.pg_class c on c.oid = s.relation and c.relnamespace = 'public'::regnamespace
  union all
  select jsonb_build_object('kind', case when d.objsubid = 0 then 'view' else 'column' end, 'place', format('public.%I', c.relname),
                            'name', a.attname, 'text', d.description)
    from pg_catalog.pg_class c
    join pg_catalog.pg_description d on d.classoid = 'pg_catalog.pg_class'::regclass and d.objoid = c.oid
    left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = d.objsubid and d.objsubid > 0
   where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v')
  union all
  select jsonb_build_object('kind', 'routine', 'place', format('public.%I(%s)', p.proname, oidvectortypes(p.proargtypes)), 'text', d.description)
    from pg_catalog.pg_proc p
    join pg_catalog.pg_description d on d.classoid = 'pg_catalog.pg_proc'::regclass and d.objoid = p.oid
   where p.pronamespace = 'public'::regnamespace and p.prokind in ('f', 'p'))
select coalesce(jsonb_agg(note), '[]') from noted
