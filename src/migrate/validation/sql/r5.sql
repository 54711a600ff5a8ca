-- R5. Deals that name a contact who does not exist.
select 'deals' as entity, d.id
  from public.deals d
  cross join unnest(d.contact_ids) u (contact_id)
 where u.contact_id is not null
   and not exists (select from public.contacts p where p.id = u.contact_id)
