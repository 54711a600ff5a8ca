select o.id, o.bucket_id, o.name, nullif(o.version, '') as version
  from storage.objects o
 where o.id > $1 and o.bucket_id is not null and o.name is not null
 order by o.id
 limit $2
