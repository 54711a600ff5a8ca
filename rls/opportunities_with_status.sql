-- opportunities_with_status: read only; a view with the caller's rights, so the policies of its tables decide.

alter view public.opportunities_with_status set (security_invoker = on);
revoke all on public.opportunities_with_status from public, anon, authenticated;
grant select on public.opportunities_with_status to authenticated;
grant select on public.opportunities_with_status to service_role;
