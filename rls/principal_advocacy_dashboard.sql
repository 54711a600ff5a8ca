-- principal_advocacy_dashboard: read only; a view with the caller's rights, so the policies of its tables decide.

alter view public.principal_advocacy_dashboard set (security_invoker = on);
revoke all on public.principal_advocacy_dashboard from public, anon, authenticated;
grant select on public.principal_advocacy_dashboard to authenticated;
grant select on public.principal_advocacy_dashboard to service_role;
