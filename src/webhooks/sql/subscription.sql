select s.id, s.url, s.events, s.description, s.enabled, s.disabled_reason, s.failing_since,
       case when s.previous_until > statement_timestamp() then s.previous_until end as previous_secret_until,
       s.created_at, s.updated_at
  from webhooks.subscription s
