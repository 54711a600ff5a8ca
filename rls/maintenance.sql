-- maintenance: whether a migration keeps writers out. Servers, which log in as authenticator, ask; nobody else.

alter table migration.maintenance enable row level security;

drop policy if exists "Servers ask whether writers are kept out" on migration.maintenance;
create policy "Servers ask whether writers are kept out" on migration.maintenance
  for select to authenticator using (true);

revoke all on migration.maintenance from public, anon, authenticated, service_role;
grant usage on schema migration to authenticator;
grant select on migration.maintenance to authenticator;
