-- Where a record's earliest delivery ended, the turn of the next one comes. It keeps its time: what has waited
-- longest is looked at first. What has ended has a time of its end; "state" is not asked, as in finish.sql.
update webhooks.delivery d
   set state = 'queued'
  from (select distinct l.subscription_id, l.record_id
          from webhooks.delivery l
         where l.id = any ($1::bigint[]) and l.finished_at is not null) lane
 cross join lateral (
   select n.id, n.state
     from webhooks.delivery n
    where n.subscription_id = lane.subscription_id and n.record_id = lane.record_id
      and n.state in ('queued', 'blocked', 'sending')
    order by n.id
    limit 1) next
 where d.id = next.id and next.state = 'blocked'
