-- dealNotes: the old face of the notes, a view with the caller's rights, so the table's policies decide. Written through like a table.

alter view public."dealNotes" set (security_invoker = on);
revoke all on public."dealNotes" from public, anon, authenticated;
grant select, insert, update, delete on public."dealNotes" to authenticated;
grant select, insert, update, delete on public."dealNotes" to service_role;
