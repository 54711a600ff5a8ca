-- U7. Users with the same e-mail address.
select 'sales' as entity, same.id
  from (select s.id, count(*) over (partition by lower(btrim(s.email::text))) as times
          from public.sales s
         where btrim(s.email::text) <> '') same
 where same.times > 1
