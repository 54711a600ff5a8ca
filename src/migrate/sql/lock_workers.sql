-- Sessions that have the lock $1.
select l.pid
  from pg_catalog.pg_locks l
 where l.locktype = 'advisory' and l.granted and l.objsubid = 1
   and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
   and (l.classid::bigint << 32) + l.objid::bigint = $1
 order by 1
