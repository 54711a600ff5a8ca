select exists (
         select from pg_catalog.pg_attribute a
          where a.attrelid = to_regclass('net.http_request_queue') and a.attname = 'next_attempt_at'
            and not a.attisdropped)
       and not exists (select from pg_catalog.pg_extension where extname = 'pg_net')
