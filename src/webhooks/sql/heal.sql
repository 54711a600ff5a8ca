-- Of the deliveries found to wait for nobody: those that still do take their turn.
update webhooks.delivery d
   set state = 'queued'
 where d.id = any ($1::bigint[])
   and d.state = 'blocked'
   and not exists (select from webhooks.delivery e
                    where e.subscription_id = d.subscription_id and e.record_id = d.record_id and e.id < d.id
                      and e.state in ('queued', 'blocked', 'sending'))
