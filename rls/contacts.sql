-- contacts: everybody who is signed in reads and writes every row; anon nothing.

alter table public.contacts enable row level security;

drop policy if exists "Enable read access for authenticated users" on public.contacts;
create policy "Enable read access for authenticated users" on public.contacts
  for select to authenticated using (true);
drop policy if exists "Enable insert for authenticated users only" on public.contacts;
create policy "Enable insert for authenticated users only" on public.contacts
  for insert to authenticated with check (true);
drop policy if exists "Enable update for authenticated users only" on public.contacts;
create policy "Enable update for authenticated users only" on public.contacts
  for update to authenticated using (true) with check (true);
drop policy if exists "Contact Delete Policy" on public.contacts;
create policy "Contact Delete Policy" on public.contacts
  for delete to authenticated using (true);

revoke all on public.contacts from public, anon, authenticated;
grant select, insert, update, delete on public.contacts to authenticated;
grant select, insert, update, delete on public.contacts to service_role;
