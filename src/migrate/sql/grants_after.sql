-- After the cut-over's files: the statements that give the new views what grants_before.sql has noted ($1), for
-- the columns that they have, and the functions that they may call no more.
select format('grant %s%s on %s to %I%s', f.privilege, ' (' || quote_ident(f.name) || ')', f.target, f.grantee,
              case when f.grantable then ' with grant option' end)
  from jsonb_to_recordset($1) f (target text, name text, privilege text, grantee text, grantable boolean)
  join pg_catalog.pg_class c on c.oid = to_regclass(f.target)
 where f.name is null
    or exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attname = f.name and not a.attisdropped)
union all
select format('grant execute on function %s to %I', f.routine, f.grantee)
  from jsonb_to_recordset($1) f (routine text, grantee text)
 where not pg_catalog.has_function_privilege(f.grantee, to_regprocedure(f.routine), 'execute')
 order by 1
