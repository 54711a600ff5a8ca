-- R9: tasks whose owner does not exist have none. Returns what was there.
with wrong as (
  select t.id, t.sales_id
    from public.tasks t
   where t.sales_id is not null
     and not exists (select from public.sales s where s.id = t.sales_id)
     for update of t)
update public.tasks t
   set sales_id = null
  from wrong w
 where t.id = w.id
returning 'tasks' as entity, t.id, jsonb_build_object('sales_id', w.sales_id) as old
