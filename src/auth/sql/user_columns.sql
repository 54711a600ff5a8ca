-- A user as the API shows it, NULL read as empty. The caller adds the WHERE clause on "u".
select u.id,
       coalesce(nullif(u.aud, ''), 'authenticated') as aud,
       coalesce(nullif(u.role, ''), 'authenticated') as role,
       coalesce(u.email, '') as email,
       coalesce(u.phone, '') as phone,
       coalesce(u.encrypted_password, '') as encrypted_password,
       u.email_confirmed_at, u.phone_confirmed_at, u.confirmed_at,
       u.invited_at, u.confirmation_sent_at, u.recovery_sent_at,
       coalesce(u.email_change, '') as new_email, u.email_change_sent_at,
       coalesce(u.phone_change, '') as new_phone, u.phone_change_sent_at,
       u.reauthentication_sent_at, u.last_sign_in_at,
       coalesce(u.raw_app_meta_data, '{}') as app_metadata,
       coalesce(u.raw_user_meta_data, '{}') as user_metadata,
       coalesce(u.created_at, u.updated_at, to_timestamp(0)) as created_at,
       coalesce(u.updated_at, u.created_at, to_timestamp(0)) as updated_at,
       u.banned_until, u.deleted_at, u.is_anonymous
  from auth.users u
