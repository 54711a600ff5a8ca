-- tags: everybody who is signed in reads and writes every row; anon nothing.

alter table public.tags enable row level security;

drop policy if exists "Enable read access for authenticated users" on public.tags;
create policy "Enable read access for authenticated users" on public.tags
  for select to authenticated using (true);
drop policy if exists "Enable insert for authenticated users only" on public.tags;
create policy "Enable insert for authenticated users only" on public.tags
  for insert to authenticated with check (true);
drop policy if exists "Enable update for authenticated users only" on public.tags;
create policy "Enable update for authenticated users only" on public.tags
  for update to authenticated using (true);
drop policy if exists "Enable delete for authenticated users only" on public.tags;
create policy "Enable delete for authenticated users only" on public.tags
  for delete to authenticated using (true);

revoke all on public.tags from public, anon, authenticated;
grant select, insert, update, delete on public.tags to authenticated;
grant select, insert, update, delete on public.tags to service_role;
