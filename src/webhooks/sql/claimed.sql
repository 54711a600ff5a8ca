-- What is needed to make the claimed deliveries.
select d.id, d.message_id, d.subscription_id, d.event, d.attempts, s.url, s.secret,
       case when s.previous_until > statement_timestamp() then s.previous_secret end as previous_secret,
       o.image, o.participants, o.contacts, o.previous_stage, o.previous_legacy_stage, o.user_id, o.occurred_at
  from webhooks.delivery d
  join webhooks.subscription s on s.id = d.subscription_id
  join webhooks.outbox o on o.id = d.outbox_id
 where d.id = any ($1::bigint[])
 order by d.id
