-- Up to $3 deliveries that may be made now, at most $4 at once per subscription (those that this process
-- makes already are counted in $5, $6). Of a record's open deliveries only the earliest may be made: the
-- others among the first $7 are set aside as blocked, so that nobody looks at them again before their turn comes.
with wanted as (
  select s.id, $4::int - coalesce(b.busy, 0) as room
    from webhooks.subscription s
    left join unnest($5::uuid[], $6::int[]) b (id, busy) on b.id = s.id
   where s.enabled and (s.not_before is null or s.not_before <= statement_timestamp())
), due as materialized (
  select d.id, d.subscription_id, d.next_attempt_at, w.room,
         exists (select from webhooks.delivery e
                  where e.subscription_id = d.subscription_id and e.record_id = d.record_id and e.id < d.id
                    and e.state in ('queued', 'blocked', 'sending')) as is_behind
    from wanted w
   cross join lateral (
     select q.id, q.subscription_id, q.record_id, q.next_attempt_at
       from webhooks.delivery q
      where q.subscription_id = w.id and q.state = 'queued' and q.next_attempt_at <= statement_timestamp()
      order by q.next_attempt_at, q.id
      limit $7::bigint) d
   where w.room > 0
), here as (
  select *, row_number() over (partition by subscription_id, is_behind order by next_attempt_at, id) as place
    from due
), everywhere as (
  select id, is_behind, row_number() over (partition by is_behind order by next_attempt_at, id) as place
    from here
   where is_behind or place <= room
), chosen as materialized (
  select id, is_behind from everywhere where is_behind or place <= $3::bigint
)
update webhooks.delivery d
   set state = case when c.is_behind then 'blocked' else 'sending' end,
       claim = case when c.is_behind then null else $1::uuid end,
       lease_until = case when c.is_behind then null else statement_timestamp() + make_interval(secs => $2::float8) end
  from chosen c
 where d.id = c.id and d.state = 'queued'
returning d.id, c.is_behind
