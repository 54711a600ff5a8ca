insert into supabase_migrations.seed_files (path, hash)
values ($1::text, encode(sha256(convert_to($2::text, 'UTF8')), 'hex'))
on conflict (path) do nothing
