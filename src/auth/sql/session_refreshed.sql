-- A session ($1) was refreshed, from user agent $2 at $3. The column has no zone and holds UTC.
update auth.sessions
   set refreshed_at = now() at time zone 'utc', updated_at = now(), user_agent = $2, ip = $3
 where id = $1
