-- Webhooks: addresses, signing secrets and everybody's rows. No role of the API has any right here; the
-- server reads and writes as its owner role, for administrators only.

alter table webhooks.subscription enable row level security;
alter table webhooks.outbox enable row level security;
alter table webhooks.delivery enable row level security;
revoke all on schema webhooks from public, anon, authenticated, service_role;
revoke all on all tables in schema webhooks from public, anon, authenticated, service_role;
revoke all on all functions in schema webhooks from public, anon, authenticated, service_role;
