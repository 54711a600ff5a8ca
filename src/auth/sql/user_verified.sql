-- A user ($1) proved to receive mails at the address: confirmed, and no one-time token is left.
-- $2: a new password hash, or NULL to keep the old one.
update auth.users u
   set email_confirmed_at = coalesce(u.email_confirmed_at, now()),
       encrypted_password = coalesce($2::text, u.encrypted_password),
       raw_user_meta_data =
         case when jsonb_typeof(u.raw_user_meta_data) = 'object' then u.raw_user_meta_data else '{}' end
         || '{"email_verified": true}',
       raw_app_meta_data =
         case when jsonb_typeof(u.raw_app_meta_data) = 'object' then u.raw_app_meta_data else '{}' end
         || jsonb_build_object(
              'provider', coalesce(u.raw_app_meta_data ->> 'provider', 'email'),
              'providers', coalesce((select jsonb_agg(distinct i.provider) from auth.identities i
                                      where i.user_id = u.id), '["email"]')),
       confirmation_token = '', recovery_token = '', email_change_token_new = '',
       email_change_token_current = '', reauthentication_token = '',
       updated_at = now()
 where u.id = $1
