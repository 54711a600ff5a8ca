-- The address of a user's e-mail identity changed: $1 user id, $2 address. Made when there was none.
insert into auth.identities as i
       (id, provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
values (gen_random_uuid(), $1::uuid::text, $1::uuid,
        jsonb_build_object('sub', $1::uuid::text, 'email', $2::text,
                           'email_verified', false, 'phone_verified', false),
        'email', now(), now(), now())
on conflict (provider_id, provider) do update
   set identity_data = i.identity_data || jsonb_build_object('email', $2::text), updated_at = now()
