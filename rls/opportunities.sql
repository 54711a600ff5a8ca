-- opportunities (the policies are those of deals): everybody who is signed in reads and writes every row; anon nothing.

alter table public.opportunities enable row level security;

drop policy if exists "Enable read access for authenticated users" on public.opportunities;
create policy "Enable read access for authenticated users" on public.opportunities
  for select to authenticated using (true);
drop policy if exists "Enable insert for authenticated users only" on public.opportunities;
create policy "Enable insert for authenticated users only" on public.opportunities
  for insert to authenticated with check (true);
drop policy if exists "Enable update for authenticated users only" on public.opportunities;
create policy "Enable update for authenticated users only" on public.opportunities
  for update to authenticated using (true) with check (true);
drop policy if exists "Deals Delete Policy" on public.opportunities;
create policy "Deals Delete Policy" on public.opportunities
  for delete to authenticated using (true);

revoke all on public.opportunities from public, anon, authenticated;
grant select, insert, update, delete on public.opportunities to authenticated;
grant select, insert, update, delete on public.opportunities to service_role;
