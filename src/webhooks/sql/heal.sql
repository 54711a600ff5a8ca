-- A delivery that waits for nobody (an operator removed the one before it) takes its turn.
update webhooks.delivery d
   set state = 'queued', next_attempt_at = statement_timestamp()
  from (select min(id) as id from webhooks.delivery
         where state in ('queued', 'blocked', 'sending')
         group by subscription_id, record_id) first
 where d.id = first.id and d.state = 'blocked'
