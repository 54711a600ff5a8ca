-- interaction_participants: whoever may see the activity may read and write its participants; anon nothing.

alter table public.interaction_participants enable row level security;

drop policy if exists "Follow the activity: read" on public.interaction_participants;
create policy "Follow the activity: read" on public.interaction_participants
  for select to authenticated using (exists (select from public.activities a where a.id = activity_id));
drop policy if exists "Follow the activity: insert" on public.interaction_participants;
create policy "Follow the activity: insert" on public.interaction_participants
  for insert to authenticated with check (exists (select from public.activities a where a.id = activity_id));
drop policy if exists "Follow the activity: update" on public.interaction_participants;
create policy "Follow the activity: update" on public.interaction_participants
  for update to authenticated using (exists (select from public.activities a where a.id = activity_id)) with check (exists (select from public.activities a where a.id = activity_id));
drop policy if exists "Follow the activity: delete" on public.interaction_participants;
create policy "Follow the activity: delete" on public.interaction_participants
  for delete to authenticated using (exists (select from public.activities a where a.id = activity_id));

revoke all on public.interaction_participants from public, anon, authenticated;
grant select, insert, update, delete on public.interaction_participants to authenticated;
grant select, insert, update, delete on public.interaction_participants to service_role;
