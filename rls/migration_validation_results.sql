-- migration_validation_results: users read the state of a migration and never write it.

alter table migration.migration_validation_results enable row level security;
drop policy if exists "Read only for users" on migration.migration_validation_results;
create policy "Read only for users" on migration.migration_validation_results
  for select to authenticated using (true);

revoke all on migration.migration_validation_results from public, anon, authenticated;
grant select on migration.migration_validation_results to authenticated, service_role;
alter view public.migration_validation_results set (security_invoker = on);
revoke all on public.migration_validation_results from public, anon, authenticated;
grant select on public.migration_validation_results to authenticated;
grant select on public.migration_validation_results to service_role;
