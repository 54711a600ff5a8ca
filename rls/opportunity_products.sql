-- opportunity_products: everybody who is signed in reads and writes every row; anon nothing.

alter table public.opportunity_products enable row level security;

drop policy if exists "Enable read access for authenticated users" on public.opportunity_products;
create policy "Enable read access for authenticated users" on public.opportunity_products
  for select to authenticated using (true);
drop policy if exists "Enable insert for authenticated users only" on public.opportunity_products;
create policy "Enable insert for authenticated users only" on public.opportunity_products
  for insert to authenticated with check (true);
drop policy if exists "Enable update for authenticated users only" on public.opportunity_products;
create policy "Enable update for authenticated users only" on public.opportunity_products
  for update to authenticated using (true) with check (true);
drop policy if exists "Enable delete for authenticated users only" on public.opportunity_products;
create policy "Enable delete for authenticated users only" on public.opportunity_products
  for delete to authenticated using (true);

revoke all on public.opportunity_products from public, anon, authenticated;
grant select, insert, update, delete on public.opportunity_products to authenticated;
grant select, insert, update, delete on public.opportunity_products to service_role;
