select o.bucket_id, o.name, o.version
  from unnest($1::text[], $2::text[]) as k (bucket, name)
  join storage.objects o on o.bucket_id = k.bucket and o.name = k.name
 where coalesce(o.version, '') <> ''
