-- R12. Deals one of whose contacts works for another company.
select 'deals' as entity, d.id
  from public.deals d
  cross join unnest(d.contact_ids) u (contact_id)
  join public.contacts p on p.id = u.contact_id
 where p.company_id <> d.company_id
