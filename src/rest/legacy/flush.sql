-- Adds calls to what is known. $1 consumers, $2 user agents, $3 endpoints, $4 calls, $5 first, $6 last.
insert into migration.legacy_usage as known (consumer, user_agent, endpoint, calls, first_seen, last_seen)
select consumer, user_agent, endpoint, calls, first_seen, last_seen
  from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[], $6::timestamptz[])
       as sent (consumer, user_agent, endpoint, calls, first_seen, last_seen)
 order by 1, 2, 3 -- several servers lock the rows in one order
    on conflict (consumer, user_agent, endpoint) do update
   set calls = known.calls + excluded.calls,
       first_seen = least(known.first_seen, excluded.first_seen),
       last_seen = greatest(known.last_seen, excluded.last_seen)
