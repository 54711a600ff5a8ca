-- interaction_analytics: read only; a view with the caller's rights, so the policies of its tables decide.

alter view public.interaction_analytics set (security_invoker = on);
revoke all on public.interaction_analytics from public, anon, authenticated;
grant select on public.interaction_analytics to authenticated;
grant select on public.interaction_analytics to service_role;
