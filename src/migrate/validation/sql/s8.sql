-- S8. Connections of the application, when there are more than ten.
select format('session %s of %s', a.pid, coalesce(nullif(a.application_name, ''), a.usename::text)) as item
  from pg_catalog.pg_stat_activity a
 where a.datname = current_database() and a.backend_type = 'client backend' and a.pid <> pg_backend_pid()
   and a.application_name not like 'oppbase-%'
   and (select count(*) > 10
          from pg_catalog.pg_stat_activity o
         where o.datname = current_database() and o.backend_type = 'client backend' and o.pid <> pg_backend_pid()
           and o.application_name not like 'oppbase-%')
 order by 1
