-- R9. Tasks whose owner does not exist: the column has no foreign key.
select 'tasks' as entity, t.id
  from public.tasks t
 where t.sales_id is not null
   and not exists (select from public.sales s where s.id = t.sales_id)
