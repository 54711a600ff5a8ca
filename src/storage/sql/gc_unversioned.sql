select o.bucket_id, o.name, null::text as version
  from storage.objects o
 where o.bucket_id is not null and o.name is not null and coalesce(o.version, '') = ''
