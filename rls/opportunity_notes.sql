-- opportunity_notes: another name of the notes, a view with the caller's rights, so the table's policies decide. Written through like a table.

alter view public.opportunity_notes set (security_invoker = on);
revoke all on public.opportunity_notes from public, anon, authenticated;
grant select, insert, update, delete on public.opportunity_notes to authenticated;
grant select, insert, update, delete on public.opportunity_notes to service_role;
