-- Q6. Rows whose dates are in the wrong order.
select 'deals' as entity, d.id
  from public.deals d
 where d.updated_at < d.created_at or d.archived_at < d.created_at
 union all
select 'contacts', p.id from public.contacts p where p.last_seen < p.first_seen
