-- opportunity_activity_log: read only; a view with the caller's rights, so the policies of its tables decide.

alter view public.opportunity_activity_log set (security_invoker = on);
revoke all on public.opportunity_activity_log from public, anon, authenticated;
grant select on public.opportunity_activity_log to authenticated;
grant select on public.opportunity_activity_log to service_role;
