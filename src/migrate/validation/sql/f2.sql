-- F2. Contacts with neither first nor last name.
select 'contacts' as entity, p.id
  from public.contacts p
 where coalesce(p.first_name, '') !~ '\S' and coalesce(p.last_name, '') !~ '\S'
