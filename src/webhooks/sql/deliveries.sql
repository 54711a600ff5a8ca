-- The log of a subscription, newest first: $2 state (any when NULL), $3 only below this id, $4 rows.
select d.id, d.message_id, d.subscription_id, d.event, d.record_id, d.state, d.attempts, d.last_status,
       d.last_error, d.created_at, d.finished_at,
       case when d.state = 'queued' then d.next_attempt_at end as next_attempt_at
  from webhooks.delivery d
 where d.subscription_id = $1::uuid and ($2::text is null or d.state = $2) and ($3::bigint is null or d.id < $3)
 order by d.id desc
 limit $4::bigint
