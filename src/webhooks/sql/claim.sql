-- Up to $3 deliveries that may be made now, with what is needed to make them. Each subscription gets an equal
-- share of the room, what this process makes for it already ($4, $5) taken off, and as much is left free: who
-- hangs does not hold up the others. Of a record's open deliveries only the earliest may be made: the others
-- among the first $6 are set aside as blocked, so that nobody looks at them again before their turn comes.
with wanted as (
  select s.id, s.url, s.secret,
         case when s.previous_until > statement_timestamp() then s.previous_secret end as previous_secret,
         coalesce(b.busy, 0) as busy
    from webhooks.subscription s
    left join unnest($4::uuid[], $5::int[]) b (id, busy) on b.id = s.id
   where s.enabled and (s.not_before is null or s.not_before <= statement_timestamp())
), due as materialized (
  select d.id, d.subscription_id, d.next_attempt_at, w.busy,
         exists (select from webhooks.delivery e
                  where e.subscription_id = d.subscription_id and e.record_id = d.record_id and e.id < d.id
                    and e.state in ('queued', 'blocked', 'sending')) as is_behind
    from wanted w
   cross join lateral (
     select q.id, q.subscription_id, q.record_id, q.next_attempt_at
       from webhooks.delivery q
      where q.subscription_id = w.id and q.state = 'queued' and q.next_attempt_at <= statement_timestamp()
      order by q.next_attempt_at, q.id
      limit $6::bigint) d
   where w.busy = 0 or w.busy < $3::bigint
), here as (
  select *, row_number() over (partition by subscription_id, is_behind order by next_attempt_at, id) as place,
         ($3 - busy) / (1 + (select count(distinct subscription_id) from due where not is_behind)) as share
    from due
), everywhere as (
  select id, is_behind, row_number() over (partition by is_behind order by place, next_attempt_at, id) as turn
    from here
   where is_behind or place <= share or (busy = 0 and place = 1)
), chosen as materialized (
  select id, is_behind from everywhere where is_behind or turn <= $3
), taken as (
  update webhooks.delivery d
     set state = case when c.is_behind then 'blocked' else 'sending' end,
         claim = case when c.is_behind then null else $1::uuid end,
         lease_until = case when c.is_behind then null else statement_timestamp() + make_interval(secs => $2::float8) end
    from chosen c
   where d.id = c.id and d.claim is null and d.finished_at is null
  returning d.id, d.message_id, d.subscription_id, d.outbox_id, d.event, d.attempts, c.is_behind
)
select t.id, t.message_id, t.subscription_id, t.event, t.attempts, t.is_behind, w.url, w.secret, w.previous_secret,
       o.id is null as is_gone, o.image, o.participants, o.contacts, o.previous_stage, o.previous_legacy_stage, o.user_id, o.occurred_at
  from taken t
  left join wanted w on w.id = t.subscription_id and not t.is_behind
  left join webhooks.outbox o on o.id = t.outbox_id and not t.is_behind
