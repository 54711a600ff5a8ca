-- from bucket $1, name $2, version $3 to bucket $4, name $5, version $6
update storage.objects
   set bucket_id = $4, name = $5, version = $6, updated_at = now()
 where bucket_id = $1 and name = $2 and version is not distinct from $3
returning id
