-- The part of the catalogue that types are written from, as one JSON document. $1: schema names, text[].
select json_build_object(
  'schemas', (
    select coalesce(json_agg(n.nspname order by n.nspname), '[]') from pg_namespace n where n.nspname = any ($1)),
  'types', (
    select json_object_agg(t.oid, json_build_object(
             'schema', n.nspname,
             'name', t.typname,
             'element', case when t.typcategory = 'A' then t.typelem::int8 else 0 end,
             'base', t.typbasetype::int8,
             'relation_kind', c.relkind,
             'is_enum', t.typtype = 'e',
             'labels', case when n.nspname = any ($1) then (
               select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid) end))
      from pg_type t
      join pg_namespace n on n.oid = t.typnamespace
      left join pg_class c on c.oid = t.typrelid),
  'relations', (
    select coalesce(json_agg(json_build_object(
             'schema', n.nspname,
             'name', c.relname,
             'kind', c.relkind,
             'row_type', c.reltype::int8,
             -- 4: UPDATE, 16: DELETE, as information_schema.views.is_updatable counts.
             'is_updatable', pg_relation_is_updatable(c.oid, false) & 20 = 20,
             'columns', (
               select coalesce(json_agg(json_build_object(
                        'name', a.attname,
                        'type', a.atttypid::int8,
                        'is_nullable', not (a.attnotnull or t.typtype = 'd' and t.typnotnull),
                        'has_default', a.atthasdef,
                        'identity', a.attidentity,
                        'is_generated', a.attgenerated <> '',
                        'is_updatable', pg_column_is_updatable(c.oid, a.attnum, false)) order by a.attname), '[]')
                 from pg_attribute a
                 join pg_type t on t.oid = a.atttypid
                where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)) order by n.nspname, c.relname), '[]')
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = any ($1) and c.relkind in ('r', 'p', 'f', 'v', 'm', 'c')),
  'functions', (
    select coalesce(json_agg(json_build_object(
             'schema', n.nspname,
             'name', p.proname,
             'returns', p.prorettype::int8,
             'is_set', p.proretset,
             'arguments', (
               select coalesce(json_agg(json_build_object(
                        'name', coalesce(p.proargnames[i], ''),
                        'type', (coalesce(p.proallargtypes, p.proargtypes::oid[]))[i - shift]::int8,
                        'mode', coalesce(p.proargmodes[i], 'i'),
                        'has_default', coalesce(p.proargmodes[i], 'i') in ('i', 'b', 'v') and (
                          select count(*) from generate_series(1, i) earlier
                           where coalesce(p.proargmodes[earlier], 'i') in ('i', 'b', 'v')) > p.pronargs - p.pronargdefaults)
                      order by i), '[]')
                 from (values (case when p.proallargtypes is null then 1 else 0 end)) base (shift),
                      generate_series(1, coalesce(array_length(p.proallargtypes, 1), p.pronargs)) i))
             order by n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), '[]')
      from pg_proc p
      join pg_namespace n on n.oid = p.pronamespace
     where n.nspname = any ($1) and p.prokind = 'f'
       and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)))::text
