-- Removes up to $3 rows of each kind: delivered more than $1 days ago, given up more than $2 days ago, and
-- those of subscriptions that are gone; then changes that nobody is told of any more. A replay may come in between
-- and have the row first: then it is no longer as it was found, and stays.
with recursive known as (
  (select subscription_id from webhooks.delivery order by subscription_id limit 1)
  union all
  select (select d.subscription_id from webhooks.delivery d
           where d.subscription_id > k.subscription_id order by d.subscription_id limit 1)
    from known k where k.subscription_id is not null
), old as (
  (select id, state, finished_at from webhooks.delivery
    where state = 'delivered' and finished_at < statement_timestamp() - make_interval(days => $1::int) limit $3::bigint)
  union all
  (select id, state, finished_at from webhooks.delivery
    where state = 'dead' and finished_at < statement_timestamp() - make_interval(days => $2::int) limit $3)
  union all
  (select d.id, d.state, d.finished_at from known k join webhooks.delivery d on d.subscription_id = k.subscription_id
    where not exists (select from webhooks.subscription s where s.id = k.subscription_id) limit $3)
), gone as (
  delete from webhooks.delivery d using (select distinct id, state, finished_at from old) o
   where d.id = o.id and d.state = o.state and d.finished_at is not distinct from o.finished_at
  returning d.id, d.outbox_id
), untold as (
  delete from webhooks.outbox o using (select distinct outbox_id from gone) g
   where o.id = g.outbox_id
     and not exists (select from webhooks.delivery d
                      where d.outbox_id = o.id and d.id not in (select id from gone))
  returning o.id
)
select count(*) as gone, (select count(*) from untold) as untold from gone
