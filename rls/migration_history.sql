-- migration_history: users read the state of a migration and never write it.

alter table migration.migration_history enable row level security;
drop policy if exists "Read only for users" on migration.migration_history;
create policy "Read only for users" on migration.migration_history
  for select to authenticated using (true);

revoke all on migration.migration_history from public, anon, authenticated;
grant select on migration.migration_history to authenticated, service_role;
alter view public.migration_history set (security_invoker = on);
revoke all on public.migration_history from public, anon, authenticated;
grant select on public.migration_history to authenticated;
grant select on public.migration_history to service_role;
