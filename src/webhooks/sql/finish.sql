-- Outcomes of attempts: id, state, status, reason, seconds until the next attempt. One that was claimed by
-- somebody else meanwhile is theirs to report.
update webhooks.delivery d
   set state = o.state,
       attempts = d.attempts + 1,
       last_status = o.status,
       last_error = o.reason,
       next_attempt_at = statement_timestamp() + make_interval(secs => o.delay_s),
       finished_at = case when o.state in ('delivered', 'dead') then statement_timestamp() end,
       claim = null,
       lease_until = null
  from unnest($2::bigint[], $3::text[], $4::smallint[], $5::text[], $6::float8[])
       o (id, state, status, reason, delay_s)
 where d.id = o.id and d.state = 'sending' and d.claim = $1::uuid
