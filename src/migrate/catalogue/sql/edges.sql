-- Who depends on whom, both sides as keys of catalogue objects; the dependent's words as well, because it
-- may live in a schema that is not captured. Sides find their edge by its number (the dependent's, and the other's
-- negative) and not by a join: without statistics on pg_depend that would compare each with each.
with edge as materialized (
  select row_number() over () as n, d.classid, d.objid, d.objsubid, d.refclassid, d.refobjid, d.refobjsubid
    from pg_catalog.pg_depend d
   where d.deptype in ('n', 'a', 'i') and d.refobjid >= 16384),
side as materialized (
  select u.class, u.id, u.sub, array_agg(u.n) as uses
    from (select e.classid as class, e.objid as id, e.objsubid as sub, e.n from edge e
          union all
          select e.refclassid, e.refobjid, e.refobjsubid, -e.n from edge e) u
   group by u.class, u.id, u.sub),
keyed as materialized (
  select s.uses, pg_describe_object(s.class, s.id, s.sub) as words, case s.class
    when 'pg_class'::regclass then (
      select case when c.relnamespace = 'pg_toast'::regnamespace then null
                  when c.relkind = 'c' then 'type ' || c.reltype
                  -- Only a table's columns are objects of their own.
                  when c.relkind in ('r', 'p', 'f') and s.sub > 0 then 'class ' || s.id || ' column ' || s.sub
                  when c.relkind in ('i', 'I') then
                    coalesce((select 'constraint ' || k.oid from pg_catalog.pg_constraint k where k.conindid = s.id and k.contype in ('p', 'u', 'x')),
                             'class ' || s.id)
                  else 'class ' || s.id end
        from pg_catalog.pg_class c where c.oid = s.id)
    when 'pg_rewrite'::regclass then (select case w.rulename when '_RETURN' then 'class ' || w.ev_class else 'rule ' || w.oid end
                                        from pg_catalog.pg_rewrite w where w.oid = s.id)
    when 'pg_constraint'::regclass then 'constraint ' || s.id
    when 'pg_trigger'::regclass then (select case when t.tgisinternal then 'constraint ' || t.tgconstraint else 'trigger ' || t.oid end
                                        from pg_catalog.pg_trigger t where t.oid = s.id)
    when 'pg_policy'::regclass then 'policy ' || s.id
    when 'pg_proc'::regclass then 'proc ' || s.id
    when 'pg_namespace'::regclass then 'namespace ' || s.id
    when 'pg_attrdef'::regclass then (select 'class ' || d.adrelid || case when c.relkind in ('r', 'p', 'f') then ' column ' || d.adnum else '' end
                                          from pg_catalog.pg_attrdef d join pg_catalog.pg_class c on c.oid = d.adrelid where d.oid = s.id)
    when 'pg_type'::regclass then (select case when t.typrelid <> 0 and c.relkind <> 'c' then 'class ' || t.typrelid
                                               when b.typrelid <> 0 and bc.relkind <> 'c' then 'class ' || b.typrelid
                                               else 'type ' || coalesce(b.oid, t.oid) end
                                     from pg_catalog.pg_type t
                                     left join pg_catalog.pg_class c on c.oid = t.typrelid
                                     left join pg_catalog.pg_type b on b.oid = t.typelem and b.typarray = t.oid
                                     left join pg_catalog.pg_class bc on bc.oid = b.typrelid
                                    where t.oid = s.id)
    else s.class::regclass || ' ' || s.id end as key
  from side s),
pair as (
  select max(k.key) filter (where n > 0) as key, max(k.key) filter (where n < 0) as depends_on,
         max(k.words) filter (where n > 0) as words
    from keyed k cross join unnest(k.uses) n
   group by abs(n))
select distinct p.key, p.depends_on, p.words
  from pair p
 where p.key <> p.depends_on and p.depends_on not like 'namespace %'
