-- companies: everybody who is signed in reads and writes every row; anon nothing.

alter table public.companies enable row level security;

drop policy if exists "Enable read access for authenticated users" on public.companies;
create policy "Enable read access for authenticated users" on public.companies
  for select to authenticated using (true);
drop policy if exists "Enable insert for authenticated users only" on public.companies;
create policy "Enable insert for authenticated users only" on public.companies
  for insert to authenticated with check (true);
drop policy if exists "Enable update for authenticated users only" on public.companies;
create policy "Enable update for authenticated users only" on public.companies
  for update to authenticated using (true) with check (true);
drop policy if exists "Company Delete Policy" on public.companies;
create policy "Company Delete Policy" on public.companies
  for delete to authenticated using (true);

revoke all on public.companies from public, anon, authenticated;
grant select, insert, update, delete on public.companies to authenticated;
grant select, insert, update, delete on public.companies to service_role;
