-- Functions of the webhooks that name the old stage of a row: signature and definition.
select p.oid::regprocedure::text, pg_get_functiondef(p.oid)
  from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
 where n.nspname = 'webhooks' and p.prokind = 'f'
   and (p.prosrc like '%new.legacy_stage%' or p.prosrc like '%old.legacy_stage%')
 order by 1
