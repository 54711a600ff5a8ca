-- storage.buckets: closed to users; the server manages buckets as service_role or as the owner.

do $$
begin
  if not (select relrowsecurity from pg_catalog.pg_class where oid = 'storage.buckets'::regclass) then
    alter table storage.buckets enable row level security;
  end if;
end $$;
