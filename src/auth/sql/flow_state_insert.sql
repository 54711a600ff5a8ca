-- A PKCE flow begins: $1 user, $2 code, $3 method, $4 challenge, $5 what proves the identity.
insert into auth.flow_state
       (id, user_id, auth_code, code_challenge_method, code_challenge, provider_type,
        provider_access_token, provider_refresh_token, authentication_method, created_at, updated_at)
values (gen_random_uuid(), $1, $2::text, $3::text::auth.code_challenge_method, $4::text, $5::text,
        '', '', $5::text, now(), now())
