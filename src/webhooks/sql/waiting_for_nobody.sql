-- Blocked deliveries with no earlier open one of the same record and subscription (an operator removed it).
select d.id
  from webhooks.delivery d
 where d.state = 'blocked'
   and not exists (select from webhooks.delivery e
                    where e.subscription_id = d.subscription_id and e.record_id = d.record_id and e.id < d.id
                      and e.state in ('queued', 'blocked', 'sending'))
 limit 10000
