-- Who still calls under the old names. The server adds to it in batches and keeps it bounded; keys and
-- tokens are not in it. Nobody reads it through the API: `oppbase legacy usage` does.

create schema if not exists migration;

create table if not exists migration.legacy_usage (
  consumer   text not null,
  user_agent text not null,
  endpoint   text not null,
  calls      bigint not null,
  first_seen timestamptz not null,
  last_seen  timestamptz not null,
  primary key (consumer, user_agent, endpoint)
);
comment on table migration.legacy_usage is 'Calls under old names, by caller and endpoint; what is beyond the bound is summed under (others).';
alter table migration.legacy_usage enable row level security;
