-- deals_summary: deals with names and counts, a view with the caller's rights, so the table's policies decide. Written through like a table.

alter view public.deals_summary set (security_invoker = on);
revoke all on public.deals_summary from public, anon, authenticated;
grant select, insert, update, delete on public.deals_summary to authenticated;
grant select, insert, update, delete on public.deals_summary to service_role;
