-- tasks: everybody who is signed in reads and writes every row; anon nothing.

alter table public.tasks enable row level security;

drop policy if exists "Enable read access for authenticated users" on public.tasks;
create policy "Enable read access for authenticated users" on public.tasks
  for select to authenticated using (true);
drop policy if exists "Enable insert for authenticated users only" on public.tasks;
create policy "Enable insert for authenticated users only" on public.tasks
  for insert to authenticated with check (true);
drop policy if exists "Task Update Policy" on public.tasks;
create policy "Task Update Policy" on public.tasks
  for update to authenticated using (true);
drop policy if exists "Task Delete Policy" on public.tasks;
create policy "Task Delete Policy" on public.tasks
  for delete to authenticated using (true);

revoke all on public.tasks from public, anon, authenticated;
grant select, insert, update, delete on public.tasks to authenticated;
grant select, insert, update, delete on public.tasks to service_role;
