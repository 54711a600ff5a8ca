-- opportunities_legacy: read only; a view with the caller's rights, so the policies of its tables decide.

alter view public.opportunities_legacy set (security_invoker = on);
revoke all on public.opportunities_legacy from public, anon, authenticated;
grant select on public.opportunities_legacy to authenticated;
grant select on public.opportunities_legacy to service_role;
