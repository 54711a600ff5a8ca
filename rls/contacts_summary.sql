-- contacts_summary: read only; a view with the caller's rights, so the policies of its tables decide.

alter view public.contacts_summary set (security_invoker = on);
revoke all on public.contacts_summary from public, anon, authenticated;
grant select on public.contacts_summary to authenticated;
grant select on public.contacts_summary to service_role;
