-- favicons_excluded_domains (upstream only): everybody who is signed in reads and writes; anon nothing.

do $do$
begin
  if to_regclass('public.favicons_excluded_domains') is null then
    return;
  end if;
  alter table public.favicons_excluded_domains enable row level security;
  drop policy if exists "Enable access for authenticated users only" on public.favicons_excluded_domains;
  create policy "Enable access for authenticated users only" on public.favicons_excluded_domains
    to authenticated using (true) with check (true);
  revoke all on public.favicons_excluded_domains from public, anon, authenticated;
  grant select, insert, update, delete on public.favicons_excluded_domains to authenticated, service_role;
end $do$;
