-- deal_notes: the old face of the notes, a view with the caller's rights, so the table's policies decide. Written through like a table.

alter view public.deal_notes set (security_invoker = on);
revoke all on public.deal_notes from public, anon, authenticated;
grant select, insert, update, delete on public.deal_notes to authenticated;
grant select, insert, update, delete on public.deal_notes to service_role;
