-- F6. Notes without text.
select 'contact_notes' as entity, n.id from {contact_notes} n where coalesce(n.text, '') !~ '\S'
 union all
select 'deal_notes', n.id from {deal_notes} n where coalesce(n.text, '') !~ '\S'
