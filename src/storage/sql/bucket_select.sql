select to_jsonb(b) from storage.buckets b where b.id = $1
