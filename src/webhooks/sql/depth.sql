-- Open deliveries, and the age of the oldest in seconds.
select count(*), coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)::bigint
  from webhooks.delivery
 where state in ('queued', 'blocked', 'sending')
