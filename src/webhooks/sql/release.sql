-- Where a record's earliest delivery ended, the turn of the next one comes.
update webhooks.delivery d
   set state = 'queued', next_attempt_at = statement_timestamp()
  from (select distinct l.subscription_id, l.record_id
          from webhooks.delivery l
         where l.id = any ($1::bigint[]) and l.state in ('delivered', 'dead')) lane
 cross join lateral (
   select n.id, n.state
     from webhooks.delivery n
    where n.subscription_id = lane.subscription_id and n.record_id = lane.record_id
      and n.state in ('queued', 'blocked', 'sending')
    order by n.id
    limit 1) next
 where d.id = next.id and next.state = 'blocked'
