-- The e-mail identity of a user: $1 user id, $2 its data.
insert into auth.identities
       (id, provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
values (gen_random_uuid(), $1::uuid::text, $1::uuid, $2, 'email', now(), now(), now())
