-- R6. Deals whose list of contacts has a null or an id twice.
select 'deals' as entity, d.id
  from public.deals d
 where array_position(d.contact_ids, null) is not null
    or cardinality(d.contact_ids) > 1
       and exists (select from unnest(d.contact_ids) u (contact_id) group by u.contact_id having count(*) > 1)
