update net.http_request_queue q
   set attempts = q.attempts + 1,
       next_attempt_at = clock_timestamp() + make_interval(secs => $2::float8)
  from (select w.id
          from net.http_request_queue w
         where w.next_attempt_at <= clock_timestamp()
         order by w.next_attempt_at, w.id
         limit $1::bigint
           for update skip locked) c
 where q.id = c.id
returning q.id, q.method, q.url, q.headers, q.body, q.timeout_milliseconds, q.attempts
