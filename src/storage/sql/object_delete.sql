delete from storage.objects o where o.bucket_id = $1 and o.name = any ($2) returning to_jsonb(o)
