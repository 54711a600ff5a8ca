-- contact_organizations: everybody who is signed in reads and writes every row; anon nothing.
-- Soft-deleted rows are not hidden by policy: permissive policies add up, and an update that hides its
-- own row would be refused. Views leave them out.

alter table public.contact_organizations enable row level security;

drop policy if exists "Enable read access for authenticated users" on public.contact_organizations;
create policy "Enable read access for authenticated users" on public.contact_organizations
  for select to authenticated using (true);
drop policy if exists "Enable insert for authenticated users only" on public.contact_organizations;
create policy "Enable insert for authenticated users only" on public.contact_organizations
  for insert to authenticated with check (true);
drop policy if exists "Enable update for authenticated users only" on public.contact_organizations;
create policy "Enable update for authenticated users only" on public.contact_organizations
  for update to authenticated using (true) with check (true);
drop policy if exists "Enable delete for authenticated users only" on public.contact_organizations;
create policy "Enable delete for authenticated users only" on public.contact_organizations
  for delete to authenticated using (true);

revoke all on public.contact_organizations from public, anon, authenticated;
grant select, insert, update, delete on public.contact_organizations to authenticated;
grant select, insert, update, delete on public.contact_organizations to service_role;
