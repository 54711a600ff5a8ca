-- A new user, not confirmed. $1 id, $2 aud, $3 role, $4 address, $5 hash, $6 app metadata,
-- $7 user metadata, $8 banned until, $9 true when a confirmation is asked for now.
insert into auth.users
       (instance_id, id, aud, role, email, encrypted_password, raw_app_meta_data, raw_user_meta_data,
        banned_until, confirmation_sent_at, confirmation_token, recovery_token, email_change_token_new,
        email_change, created_at, updated_at)
values ('00000000-0000-0000-0000-000000000000', $1, $2::text, $3::text, $4::text, $5::text, $6, $7,
        $8, case when $9::boolean then now() end, '', '', '', '', now(), now())
