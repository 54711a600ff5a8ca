-- As on a hosted project: the role {owner} owns the CRM and is no superuser; accounts and files are others'.
create role "{owner}" login createrole bypassrls;
grant anon, authenticated, service_role to "{owner}";
do $$
declare
  command text;
begin
  for command in
    select format('alter %s %s owner to "{owner}"', case c.relkind when 'v' then 'view' else 'table' end, c.oid::regclass)
      from pg_class c
     where c.relnamespace in ('public'::regnamespace, 'net'::regnamespace) and c.relkind in ('r', 'v')
     union all
    select format('alter function %s owner to "{owner}"', p.oid::regprocedure)
      from pg_proc p where p.pronamespace = 'public'::regnamespace
     union all
    select format('alter schema %I owner to "{owner}"', n.nspname)
      from pg_namespace n where n.nspname in ('public', 'extensions', 'private', 'net')
     union all
    select format('alter database %I owner to "{owner}"', current_database())
  loop
    execute command;
  end loop;
end $$;
grant usage on schema auth, storage to "{owner}" with grant option;
grant select, insert, update, delete, references on all tables in schema auth, storage to "{owner}";
grant select on all sequences in schema auth, storage to "{owner}";
