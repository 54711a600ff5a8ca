-- A refresh token: $1 token, $2 user, $3 session, $4 the token it follows, or NULL.
insert into auth.refresh_tokens
       (instance_id, token, user_id, session_id, parent, revoked, created_at, updated_at)
values ('00000000-0000-0000-0000-000000000000', $1::text, $2::uuid::text, $3, $4::text, false, now(), now())
