update net.http_request_queue q
   set next_attempt_at = clock_timestamp() + make_interval(secs => $2::float8)
 where q.id = $1
