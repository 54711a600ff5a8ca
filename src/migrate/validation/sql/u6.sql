-- U6. Tags of the same name, case aside.
select 'tags' as entity, same.id
  from (select t.id, count(*) over (partition by lower(btrim(t.name))) as times from public.tags t) same
 where same.times > 1
