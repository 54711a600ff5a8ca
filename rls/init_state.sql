-- init_state: says whether there is any account, and is read before anybody has signed in. The one
-- relation that anon may read, and the one view that runs with its owner's rights.

revoke all on public.init_state from public, anon, authenticated;
grant select on public.init_state to anon, authenticated, service_role;
