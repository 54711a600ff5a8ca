-- configuration (upstream only): everybody who is signed in reads, administrators write; anon nothing.

do $do$
begin
  if to_regclass('public.configuration') is null then
    return;
  end if;
  alter table public.configuration enable row level security;
  drop policy if exists "Enable read for authenticated" on public.configuration;
  create policy "Enable read for authenticated" on public.configuration for select to authenticated using (true);
  drop policy if exists "Enable insert for admins" on public.configuration;
  create policy "Enable insert for admins" on public.configuration
    for insert to authenticated with check (public.is_admin());
  drop policy if exists "Enable update for admins" on public.configuration;
  create policy "Enable update for admins" on public.configuration
    for update to authenticated using (public.is_admin()) with check (public.is_admin());
  revoke all on public.configuration from public, anon, authenticated;
  grant select, insert, update on public.configuration to authenticated;
  -- Read before anybody has signed in: anon gets no row, not an error. No policy names anon.
  grant select on public.configuration to anon;
  grant select, insert, update, delete on public.configuration to service_role;
end $do$;
