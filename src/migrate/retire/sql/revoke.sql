-- A new view has the grants that are the default in its schema; it shall have the recorded ones and no others.
do $$
declare
  grantee text;
begin
  for grantee in
    select distinct coalesce(quote_ident(r.rolname), 'public')
      from pg_catalog.pg_class c
     cross join lateral aclexplode(c.relacl) x
      left join pg_catalog.pg_roles r on r.oid = x.grantee
     where c.oid = '{view}'::regclass and (x.grantee = 0 or r.oid is not null)
  loop
    execute format('revoke all on {view} from %s', grantee);
  end loop;
end $$
