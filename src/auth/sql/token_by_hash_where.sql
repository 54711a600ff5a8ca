-- $1 hash. Both rows are locked, so that of two requests with one token the second finds none.
  join auth.one_time_tokens t on t.user_id = u.id and t.token_type::text = c.token_type
 where t.token_hash = $1
   for update of t, u
