-- Who called under an old name, the latest first.
select consumer, user_agent, endpoint, calls, first_seen, last_seen
  from migration.legacy_usage
 order by last_seen desc, consumer, user_agent, endpoint
