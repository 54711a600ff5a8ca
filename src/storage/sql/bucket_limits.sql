select coalesce(b.public, false) as public, b.file_size_limit, b.allowed_mime_types
  from storage.buckets b
 where b.id = $1
