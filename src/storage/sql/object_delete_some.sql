delete from storage.objects o
 where o.id in (select d.id from storage.objects d where d.bucket_id = $1 limit $2)
returning to_jsonb(o)
