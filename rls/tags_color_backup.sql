-- tags_color_backup (fork only): left over from an old change of colours, without row security until now.
-- No client reads it, so nobody but service_role may.

do $do$
begin
  if to_regclass('public.tags_color_backup') is null then
    return;
  end if;
  alter table public.tags_color_backup enable row level security;
  revoke all on public.tags_color_backup from public, anon, authenticated;
  grant select, insert, update, delete on public.tags_color_backup to service_role;
end $do$;
