-- R11. Contacts with a tag that does not exist.
select 'contacts' as entity, p.id
  from public.contacts p
  cross join unnest(p.tags) u (tag_id)
 where u.tag_id is not null
   and not exists (select from public.tags t where t.id = u.tag_id)
