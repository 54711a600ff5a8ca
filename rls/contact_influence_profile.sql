-- contact_influence_profile: read only; a view with the caller's rights, so the policies of its tables decide.

alter view public.contact_influence_profile set (security_invoker = on);
revoke all on public.contact_influence_profile from public, anon, authenticated;
grant select on public.contact_influence_profile to authenticated;
grant select on public.contact_influence_profile to service_role;
