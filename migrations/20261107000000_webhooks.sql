-- Webhooks: who wants to be told of what (subscription), what happened (outbox), and who is still to be told
-- (delivery). All of it outside the API: only the server's owner role reads and writes here.
--
-- outbox and delivery are written by triggers inside the writer's transaction, so a change that is rolled
-- back tells nobody, and one that is committed cannot be forgotten.

create schema if not exists webhooks;
revoke all on schema webhooks from public;

create table if not exists webhooks.subscription (
  id              uuid primary key default gen_random_uuid(),
  url             text not null,
  events          text[] not null check (cardinality(events) > 0),
  description     text,
  enabled         boolean not null default true,
  disabled_reason text,
  secret          text not null,
  previous_secret text,
  previous_until  timestamptz,
  not_before      timestamptz,
  failing_since   timestamptz,
  created_by      uuid,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now()
);
comment on column webhooks.subscription.secret is 'Signs deliveries, so it is kept readable; shown to its owner once.';
comment on column webhooks.subscription.previous_secret is 'Signs beside the new one until previous_until.';
comment on column webhooks.subscription.not_before is 'The receiver asked for a pause (Retry-After).';
comment on column webhooks.subscription.failing_since is 'First failure since the last success.';

-- One row per change of business columns.
create table if not exists webhooks.outbox (
  id                    bigint generated always as identity primary key,
  entity                text not null check (entity in ('opportunity', 'opportunity_note')),
  record_id             bigint not null,
  image                 json not null,
  participants          json,
  contacts              json,
  previous_stage        text,
  previous_legacy_stage text,
  user_id               text,
  occurred_at           timestamptz not null default clock_timestamp()
);
comment on column webhooks.outbox.record_id is 'The opportunity, also of a note: its events are delivered in order.';
comment on column webhooks.outbox.image is 'The row after the change (before it, where it was deleted), in the order of its columns.';
comment on column webhooks.outbox.participants is 'As they are at the end of the transaction; before it, where the row was deleted.';

-- One row per event and subscription. No foreign keys: they would have every writer of the CRM lock the
-- subscription's row. The server's cleaning removes what has lost its parent.
create table if not exists webhooks.delivery (
  id              bigint generated always as identity primary key,
  message_id      uuid not null default gen_random_uuid(),
  outbox_id       bigint not null,
  subscription_id uuid not null,
  record_id       bigint not null,
  event           text not null,
  state           text not null default 'queued'
    check (state in ('queued', 'blocked', 'sending', 'delivered', 'dead')),
  attempts        smallint not null default 0,
  next_attempt_at timestamptz not null default clock_timestamp(),
  claim           uuid,
  lease_until     timestamptz,
  last_status     smallint,
  last_error      text,
  created_at      timestamptz not null default clock_timestamp(),
  finished_at     timestamptz
) with (
  -- A queue: rows are updated a few times, then rest, then go.
  fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000
);
comment on column webhooks.delivery.message_id is 'webhook-id of every attempt: the receiver knows repeats by it.';
comment on column webhooks.delivery.state is
  'queued: due at next_attempt_at; blocked: an earlier one of the same record and subscription is still open; '
  'sending: claimed until lease_until; delivered; dead: given up, may be replayed.';

create index if not exists delivery_due on webhooks.delivery (subscription_id, next_attempt_at, id) where state = 'queued';
create index if not exists delivery_lane on webhooks.delivery (subscription_id, record_id, id)
  where state in ('queued', 'blocked', 'sending');
create index if not exists delivery_lease on webhooks.delivery (lease_until) where state = 'sending';
create index if not exists delivery_log on webhooks.delivery (subscription_id, id);
create index if not exists delivery_outbox on webhooks.delivery (outbox_id);
create index if not exists delivery_finished on webhooks.delivery (finished_at) where state in ('delivered', 'dead');

alter table webhooks.subscription enable row level security;
alter table webhooks.outbox enable row level security;
alter table webhooks.delivery enable row level security;
