-- Changes of a user; NULL keeps a value. $1 id, $2 address, $3 hash, $4 confirm the address, $5 role,
-- $6 aud, $7 set the ban, $8 banned until, $9 user metadata to merge, $10 its keys to drop,
-- $11 app metadata to merge, $12 its keys to drop.
update auth.users u
   set email = coalesce($2::text, u.email),
       encrypted_password = coalesce($3::text, u.encrypted_password),
       email_confirmed_at = case when $4::boolean then coalesce(u.email_confirmed_at, now())
                                 else u.email_confirmed_at end,
       role = coalesce($5::text, u.role),
       aud = coalesce($6::text, u.aud),
       banned_until = case when $7::boolean then $8::timestamptz else u.banned_until end,
       raw_user_meta_data =
         (case when jsonb_typeof(u.raw_user_meta_data) = 'object' then u.raw_user_meta_data else '{}' end
          || $9::jsonb) - $10::text[],
       raw_app_meta_data =
         (case when jsonb_typeof(u.raw_app_meta_data) = 'object' then u.raw_app_meta_data else '{}' end
          || $11::jsonb) - $12::text[],
       updated_at = now()
 where u.id = $1
returning u.id
