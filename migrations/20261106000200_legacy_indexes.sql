-- The old archive asks for archived_at as the new one asks for deleted_at.
create index if not exists opportunities_archived_at_idx on public.opportunities (archived_at);
