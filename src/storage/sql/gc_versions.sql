select o.bucket_id, o.name, o.version
  from storage.objects o
 where o.bucket_id is not null and o.name is not null and o.version = any ($1)
