-- U1. Companies of the same name, case and blanks aside.
select 'companies' as entity, same.id
  from (select c.id, count(*) over (partition by regexp_replace(lower(c.name), '\s', '', 'g')) as times
          from public.companies c
         where c.name ~ '\S') same
 where same.times > 1
