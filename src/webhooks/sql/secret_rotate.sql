-- $2 signs from now on, and the old one beside it for $3 seconds.
update webhooks.subscription s
   set previous_secret = case when $3::float8 > 0 then s.secret end,
       previous_until = case when $3 > 0 then now() + make_interval(secs => $3) end,
       secret = $2,
       updated_at = now()
 where s.id = $1::uuid
returning s.previous_until
