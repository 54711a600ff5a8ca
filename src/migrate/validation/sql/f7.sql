-- F7. Tasks without a type.
select 'tasks' as entity, t.id from public.tasks t where coalesce(t.type, '') !~ '\S'
