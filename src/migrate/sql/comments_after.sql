-- After the cut-over's files: the statements that say again what comments_before.sql has noted ($1), of what is there
-- again and of which nothing else is said.
with noted as (
  select n.*, case when n.kind in ('view', 'column') then to_regclass(n.place) end as view,
         case when n.kind = 'routine' then to_regprocedure(n.place) end as routine
    from jsonb_to_recordset($1) n (kind text, relation bigint, place text, name text, text text)),
said as (
  select n.text, format('%s %I on %s', n.kind, n.name, o.relation::regclass) as subject, o.class, o.oid, 0 as part
    from noted n
    join (select 'policy', p.polrelid, p.polname::text, 'pg_policy', p.oid from pg_catalog.pg_policy p
          union all
          select 'trigger', t.tgrelid, t.tgname, 'pg_trigger', t.oid from pg_catalog.pg_trigger t where not t.tgisinternal
          union all
          select 'constraint', k.conrelid, k.conname, 'pg_constraint', k.oid from pg_catalog.pg_constraint k where k.conrelid <> 0)
         o (kind, relation, name, class, oid) on o.kind = n.kind and o.relation = n.relation::oid and o.name = n.name
  union all
  select n.text, format('%s %s%s', n.kind, n.place, '.' || quote_ident(n.name)), 'pg_class', c.oid, coalesce(a.attnum, 0)
    from noted n
    join pg_catalog.pg_class c on c.oid = n.view and c.relkind = 'v'
    left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = n.name and not a.attisdropped
   where n.kind = 'view' or n.kind = 'column' and a.attname is not null
  union all
  select n.text, format('routine %s', n.place), 'pg_proc', n.routine, 0
    from noted n
   where n.routine is not null)
select format('comment on %s is %L', s.subject, s.text)
  from said s
 where not exists (select from pg_catalog.pg_description d
                    where d.classoid = ('pg_catalog.' || s.class)::regclass and d.objoid = s.oid and d.objsubid = s.part)
 order by 1
