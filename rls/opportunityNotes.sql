-- opportunityNotes: everybody who is signed in reads and writes every row; anon nothing.

alter table public."opportunityNotes" enable row level security;

drop policy if exists "Enable read access for authenticated users" on public."opportunityNotes";
create policy "Enable read access for authenticated users" on public."opportunityNotes"
  for select to authenticated using (true);
drop policy if exists "Enable insert for authenticated users only" on public."opportunityNotes";
create policy "Enable insert for authenticated users only" on public."opportunityNotes"
  for insert to authenticated with check (true);
drop policy if exists "Deal Notes Update Policy" on public."opportunityNotes";
create policy "Deal Notes Update Policy" on public."opportunityNotes"
  for update to authenticated using (true);
drop policy if exists "Deal Notes Delete Policy" on public."opportunityNotes";
create policy "Deal Notes Delete Policy" on public."opportunityNotes"
  for delete to authenticated using (true);

revoke all on public."opportunityNotes" from public, anon, authenticated;
grant select, insert, update, delete on public."opportunityNotes" to authenticated;
grant select, insert, update, delete on public."opportunityNotes" to service_role;
