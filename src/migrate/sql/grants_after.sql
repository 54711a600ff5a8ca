-- After the cut-over's files: the statements that give the new views what grants_before.sql has noted ($1), for
-- the columns that they have.
select case when f.comment is null
         then format('grant %s%s on %s to %I%s', f.privilege, ' (' || quote_ident(f.name) || ')', f.target, f.grantee,
                     case when f.grantable then ' with grant option' end)
         else format('comment on %s %s%s is %L', case when f.name is null then 'view' else 'column' end,
                     f.target, '.' || quote_ident(f.name), f.comment) end
  from jsonb_to_recordset($1) f (target text, name text, privilege text, grantee text, grantable boolean, comment text)
  join pg_catalog.pg_class c on c.oid = to_regclass(f.target)
 where f.name is null
    or exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attname = f.name and not a.attisdropped)
 order by 1
