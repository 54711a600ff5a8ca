-- opportunities_with_participants: read only; a view with the caller's rights, so the policies of its tables decide.

alter view public.opportunities_with_participants set (security_invoker = on);
revoke all on public.opportunities_with_participants from public, anon, authenticated;
grant select on public.opportunities_with_participants to authenticated;
grant select on public.opportunities_with_participants to service_role;
