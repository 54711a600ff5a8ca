-- A session: $1 id, $2 user, $3 user agent, $4 address of the client.
insert into auth.sessions (id, user_id, created_at, updated_at, aal, user_agent, ip)
values ($1, $2, now(), now(), 'aal1', $3, $4)
