-- deals: the old face of opportunities, a view with the caller's rights, so the table's policies decide. Written through like a table.

alter view extensions.deals_face set (security_invoker = on);
revoke all on extensions.deals_face from public, anon, authenticated;
grant select, insert, update, delete on extensions.deals_face to authenticated;
grant select, insert, update, delete on extensions.deals_face to service_role;
alter view public.deals set (security_invoker = on);
revoke all on public.deals from public, anon, authenticated;
grant select, insert, update, delete on public.deals to authenticated;
grant select, insert, update, delete on public.deals to service_role;
