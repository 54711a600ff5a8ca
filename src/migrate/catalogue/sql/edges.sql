-- Who depends on whom, both sides as keys of catalogue objects; the dependent's words as well, because it
-- may live in a schema that is not captured.
with edge as (
  select d.classid, d.objid, d.objsubid, d.refclassid, d.refobjid, d.refobjsubid
    from pg_catalog.pg_depend d
   where d.deptype in ('n', 'a', 'i') and d.refobjid >= 16384),
side as (
  select classid as class, objid as id, objsubid as sub from edge
  union
  select refclassid, refobjid, refobjsubid from edge),
keyed as (
  select s.*, case s.class
    when 'pg_class'::regclass then (
      select case when c.relnamespace = 'pg_toast'::regnamespace then null
                  when k.oid is not null then 'constraint ' || k.oid
                  -- Only a table's columns are objects of their own.
                  else 'class ' || s.id || case when s.sub > 0 and c.relkind in ('r', 'p', 'f') then ' column ' || s.sub else '' end end
        from pg_catalog.pg_class c
        left join pg_catalog.pg_constraint k on c.relkind in ('i', 'I') and k.conindid = c.oid and k.contype in ('p', 'u', 'x')
       where c.oid = s.id)
    when 'pg_rewrite'::regclass then (select case w.rulename when '_RETURN' then 'class ' || w.ev_class else 'rule ' || w.oid end
                                        from pg_catalog.pg_rewrite w where w.oid = s.id)
    when 'pg_constraint'::regclass then 'constraint ' || s.id
    when 'pg_trigger'::regclass then (select case when t.tgisinternal then 'constraint ' || t.tgconstraint else 'trigger ' || t.oid end
                                        from pg_catalog.pg_trigger t where t.oid = s.id)
    when 'pg_policy'::regclass then 'policy ' || s.id
    when 'pg_proc'::regclass then 'proc ' || s.id
    when 'pg_namespace'::regclass then 'namespace ' || s.id
    when 'pg_attrdef'::regclass then (select 'class ' || d.adrelid || ' column ' || d.adnum from pg_catalog.pg_attrdef d where d.oid = s.id)
    when 'pg_type'::regclass then (select case when t.typrelid <> 0 and c.relkind <> 'c' then 'class ' || t.typrelid
                                               when b.typrelid <> 0 and bc.relkind <> 'c' then 'class ' || b.typrelid
                                               else 'type ' || coalesce(b.oid, t.oid) end
                                     from pg_catalog.pg_type t
                                     left join pg_catalog.pg_class c on c.oid = t.typrelid
                                     left join pg_catalog.pg_type b on b.typarray = t.oid
                                     left join pg_catalog.pg_class bc on bc.oid = b.typrelid
                                    where t.oid = s.id)
    else s.class::regclass || ' ' || s.id end as key
  from side s)
select distinct a.key, b.key as depends_on, pg_describe_object(e.classid, e.objid, e.objsubid) as words
  from edge e
  join keyed a on (a.class, a.id, a.sub) = (e.classid, e.objid, e.objsubid)
  join keyed b on (b.class, b.id, b.sub) = (e.refclassid, e.refobjid, e.refobjsubid)
 where a.key <> b.key and b.key not like 'namespace %'
