-- migration_errors: users read the state of a migration and never write it.

alter table migration.migration_errors enable row level security;
drop policy if exists "Read only for users" on migration.migration_errors;
create policy "Read only for users" on migration.migration_errors
  for select to authenticated using (true);

revoke all on migration.migration_errors from public, anon, authenticated;
grant select on migration.migration_errors to authenticated, service_role;
alter view public.migration_errors set (security_invoker = on);
revoke all on public.migration_errors from public, anon, authenticated;
grant select on public.migration_errors to authenticated;
grant select on public.migration_errors to service_role;
