-- After the sign-up: $2 is merged into the user metadata; $3 confirms the address.
update auth.users u
   set raw_user_meta_data =
         case when jsonb_typeof(u.raw_user_meta_data) = 'object' then u.raw_user_meta_data else '{}' end
         || $2::jsonb,
       email_confirmed_at = case when $3::boolean then coalesce(u.email_confirmed_at, now())
                                 else u.email_confirmed_at end,
       updated_at = now()
 where u.id = $1
