-- R7. Notes whose contact or deal is gone.
select 'contact_notes' as entity, n.id
  from {contact_notes} n
 where not exists (select from public.contacts p where p.id = n.contact_id)
 union all
select 'deal_notes', n.id
  from {deal_notes} n
 where not exists (select from public.deals d where d.id = n.deal_id)
