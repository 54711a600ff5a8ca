-- Subscriptions to nothing but the events $1 that have been told all: disabled, $2 says why.
update webhooks.subscription s
   set enabled = false, disabled_reason = $2::text, updated_at = now()
 where s.enabled and s.events <@ $1::text[]
   and not exists (select from webhooks.delivery d
                    where d.subscription_id = s.id and d.state in ('queued', 'blocked', 'sending'))
returning s.id
