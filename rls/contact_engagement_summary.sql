-- contact_engagement_summary: read only; a view with the caller's rights, so the policies of its tables decide.

alter view public.contact_engagement_summary set (security_invoker = on);
revoke all on public.contact_engagement_summary from public, anon, authenticated;
grant select on public.contact_engagement_summary to authenticated;
grant select on public.contact_engagement_summary to service_role;
