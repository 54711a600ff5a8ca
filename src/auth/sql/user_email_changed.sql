-- The change of a user's ($1) address is complete.
update auth.users u
   set email = u.email_change, email_change = '', email_change_confirm_status = 0,
       email_change_token_new = '', email_change_token_current = '',
       email_confirmed_at = coalesce(u.email_confirmed_at, now()),
       raw_user_meta_data =
         case when jsonb_typeof(u.raw_user_meta_data) = 'object' then u.raw_user_meta_data else '{}' end
         || jsonb_build_object('email', u.email_change, 'email_verified', true),
       updated_at = now()
 where u.id = $1 and u.email_change <> ''
