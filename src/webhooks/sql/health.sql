-- How endpoints did: id, any success, "gone" (410), seconds they asked to be left alone. One that failed for
-- $5 hours without a success is disabled, and so is one that is gone.
update webhooks.subscription s
   set failing_since = case when t.succeeded then null else coalesce(s.failing_since, statement_timestamp()) end,
       not_before = case when t.pause_s > 0 then statement_timestamp() + make_interval(secs => t.pause_s) else s.not_before end,
       enabled = s.enabled and not t.gone
                 and (t.succeeded or $5::int = 0
                      or coalesce(s.failing_since > statement_timestamp() - make_interval(hours => $5), true)),
       disabled_reason = case
         when not s.enabled then s.disabled_reason
         when t.gone then 'the receiver answered 410 Gone'
         when not t.succeeded and $5 > 0 and s.failing_since <= statement_timestamp() - make_interval(hours => $5)
           then format('no success in %s hours', $5)
       end
  from unnest($1::uuid[], $2::boolean[], $3::boolean[], $4::float8[]) t (id, succeeded, gone, pause_s)
 where s.id = t.id and (s.failing_since is not null or not t.succeeded)
returning s.id, s.enabled, s.disabled_reason
