-- What is NULL stays. Enabling forgets the failures that led to disabling.
update webhooks.subscription s
   set url = coalesce($2::text, s.url),
       events = coalesce($3::text[], s.events),
       description = case when $4::boolean then $5::text else s.description end,
       enabled = coalesce($6::boolean, s.enabled),
       disabled_reason = case when $6 is null then s.disabled_reason end,
       failing_since = case when $6 then null else s.failing_since end,
       not_before = case when $6 then null else s.not_before end,
       updated_at = now()
 where s.id = $1::uuid
returning s.id
