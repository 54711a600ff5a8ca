-- Outcomes of attempts: id, claim, state, status, reason, seconds until the next attempt. One that was claimed
-- again meanwhile is reported by whoever claimed it. Only what is being sent has a claim; "state" is not asked,
-- because that leads the planner to the index of its value, of whose size it knows nothing, instead of the key.
update webhooks.delivery d
   set state = o.state,
       attempts = d.attempts + 1,
       last_status = o.status,
       last_error = o.reason,
       next_attempt_at = statement_timestamp() + make_interval(secs => o.delay_s),
       finished_at = case when o.state in ('delivered', 'dead') then statement_timestamp() end,
       claim = null,
       lease_until = null
  from unnest($1::bigint[], $2::uuid[], $3::text[], $4::smallint[], $5::text[], $6::float8[])
       o (id, claim, state, status, reason, delay_s)
 where d.id = o.id and d.claim = o.claim
