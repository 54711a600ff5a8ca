-- sales: everybody who is signed in reads; rows are written by the auth hooks and the server only.

alter table public.sales enable row level security;

drop policy if exists "Enable read access for authenticated users" on public.sales;
create policy "Enable read access for authenticated users" on public.sales
  for select to authenticated using (true);

revoke all on public.sales from public, anon, authenticated;
grant select on public.sales to authenticated;
grant select, insert, update, delete on public.sales to service_role;
