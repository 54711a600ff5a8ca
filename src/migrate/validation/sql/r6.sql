-- R6. Deals whose list of contacts has a null or an id twice.
select 'deals' as entity, d.id
  from public.deals d
 where exists (select from unnest(d.contact_ids) u (contact_id)
                group by u.contact_id having u.contact_id is null or count(*) > 1)
