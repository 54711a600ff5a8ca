-- "old" is what was there before: the names' lock makes sure that it is what is replaced.
with old as (
  select o.version from storage.objects o where o.bucket_id = $2 and o.name = $3
), written as (
  insert into storage.objects (id, bucket_id, name, owner, owner_id, version, metadata, user_metadata)
  values ($1, $2, $3, $4, $5, $6, $7, $8)
  on conflict (bucket_id, name) do update
     set owner = excluded.owner, owner_id = excluded.owner_id, version = excluded.version,
         metadata = excluded.metadata, user_metadata = excluded.user_metadata, updated_at = now()
  returning id
)
select w.id, o.version as old_version, exists (select from old) as has_old
  from written w left join old o on true
