-- Takes what default privileges may have granted on the copy $1, and says who still has rights besides the owner.
select coalesce(nullif(x.grantee::regrole::text, '-'), 'public')
  from pg_catalog.pg_class c
  cross join lateral aclexplode(c.relacl) x
 where c.oid = $1::text::regclass and x.grantee <> c.relowner
