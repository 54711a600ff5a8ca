-- engagement_analytics: read only; a view with the caller's rights, so the policies of its tables decide.

alter view public.engagement_analytics set (security_invoker = on);
revoke all on public.engagement_analytics from public, anon, authenticated;
grant select on public.engagement_analytics to authenticated;
grant select on public.engagement_analytics to service_role;
