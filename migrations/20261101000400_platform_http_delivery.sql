-- Platform, part 5: what the server's delivery of queued requests keeps per request. Only for the
-- stand-in: where the real pg_net is, the queue is its own.

do $$
begin
  if to_regclass('net.http_request_queue') is null
     or exists (select from pg_catalog.pg_extension where extname = 'pg_net')
  then
    return;
  end if;
  alter table net.http_request_queue
    add column if not exists attempts smallint not null default 0,
    add column if not exists next_attempt_at timestamptz not null default clock_timestamp();
  create index if not exists http_request_queue_next_attempt_at_idx on net.http_request_queue (next_attempt_at);
end $$;
