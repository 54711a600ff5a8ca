-- R8. Tasks whose contact is gone.
select 'tasks' as entity, t.id
  from public.tasks t
 where not exists (select from public.contacts p where p.id = t.contact_id)
