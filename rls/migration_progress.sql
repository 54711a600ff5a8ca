-- migration_progress: users read the state of a migration and never write it.

alter table migration.migration_progress enable row level security;
drop policy if exists "Read only for users" on migration.migration_progress;
create policy "Read only for users" on migration.migration_progress
  for select to authenticated using (true);

revoke all on migration.migration_progress from public, anon, authenticated;
grant select on migration.migration_progress to authenticated, service_role;
alter view public.migration_progress set (security_invoker = on);
revoke all on public.migration_progress from public, anon, authenticated;
grant select on public.migration_progress to authenticated;
grant select on public.migration_progress to service_role;
