-- Keeps the $1 callers seen last; the others become one row per endpoint under the name $2.
with surplus as (
  delete from migration.legacy_usage
   where (consumer, user_agent, endpoint) in (
     select consumer, user_agent, endpoint
       from migration.legacy_usage
      where consumer <> $2
      order by last_seen desc, consumer, user_agent, endpoint
     offset $1)
  returning endpoint, calls, first_seen, last_seen)
insert into migration.legacy_usage as known (consumer, user_agent, endpoint, calls, first_seen, last_seen)
select $2, $2, endpoint, sum(calls)::bigint, min(first_seen), max(last_seen)
  from surplus
 group by endpoint
    on conflict (consumer, user_agent, endpoint) do update
   set calls = known.calls + excluded.calls,
       first_seen = least(known.first_seen, excluded.first_seen),
       last_seen = greatest(known.last_seen, excluded.last_seen)
