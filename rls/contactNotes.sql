-- The other spelling of the contact notes; policies are in contact_notes.sql.

revoke all on public."contactNotes" from public, anon, authenticated;
grant select, insert, update, delete on public."contactNotes" to authenticated;
grant select, insert, update, delete on public."contactNotes" to service_role;
