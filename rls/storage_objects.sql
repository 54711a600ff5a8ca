-- storage.objects: everybody who is signed in reads, adds and deletes files of the bucket attachments.
-- There is no update policy, so an upload never replaces a file. An existing policy is left as it is.

do $do$
begin
  if not (select relrowsecurity from pg_catalog.pg_class where oid = 'storage.objects'::regclass) then
    alter table storage.objects enable row level security;
  end if;
  if not exists (select from pg_catalog.pg_policies where schemaname = 'storage' and tablename = 'objects' and policyname = 'Attachments 1mt4rzk_0') then
    create policy "Attachments 1mt4rzk_0" on storage.objects
      for select to authenticated using (bucket_id = 'attachments');
  end if;
  if not exists (select from pg_catalog.pg_policies where schemaname = 'storage' and tablename = 'objects' and policyname = 'Attachments 1mt4rzk_1') then
    create policy "Attachments 1mt4rzk_1" on storage.objects
      for insert to authenticated with check (bucket_id = 'attachments');
  end if;
  if not exists (select from pg_catalog.pg_policies where schemaname = 'storage' and tablename = 'objects' and policyname = 'Attachments 1mt4rzk_3') then
    create policy "Attachments 1mt4rzk_3" on storage.objects
      for delete to authenticated using (bucket_id = 'attachments');
  end if;
end $do$;
