-- The contact notes, table under one spelling and view under the other: everybody who is signed in reads and writes every row; anon nothing.

do $$
declare
  notes regclass := case when (select relkind from pg_catalog.pg_class where oid = to_regclass('public.contact_notes')) = 'r'
                         then 'public.contact_notes' else 'public."contactNotes"' end;
begin
  execute format('alter table %s enable row level security', notes);
  execute format('drop policy if exists "Enable read access for authenticated users" on %s', notes);
  execute format('create policy "Enable read access for authenticated users" on %s for select to authenticated using (true)', notes);
  execute format('drop policy if exists "Enable insert for authenticated users only" on %s', notes);
  execute format('create policy "Enable insert for authenticated users only" on %s for insert to authenticated with check (true)', notes);
  execute format('drop policy if exists "Contact Notes Update policy" on %s', notes);
  execute format('create policy "Contact Notes Update policy" on %s for update to authenticated using (true)', notes);
  execute format('drop policy if exists "Contact Notes Delete Policy" on %s', notes);
  execute format('create policy "Contact Notes Delete Policy" on %s for delete to authenticated using (true)', notes);
end $$;

revoke all on public.contact_notes from public, anon, authenticated;
grant select, insert, update, delete on public.contact_notes to authenticated;
grant select, insert, update, delete on public.contact_notes to service_role;
