-- Makes a user unrecognisable and keeps the row, for what refers to it.
update auth.users u
   set email = encode(sha256(convert_to(u.id::text || coalesce(u.email, ''), 'UTF8')), 'hex'),
       phone = case when u.phone is not null
                    then left(encode(sha256(convert_to(u.id::text || u.phone, 'UTF8')), 'hex'), 15) end,
       encrypted_password = '', email_change = '', phone_change = '',
       confirmation_token = '', recovery_token = '', email_change_token_new = '',
       email_change_token_current = '', phone_change_token = '', reauthentication_token = '',
       raw_user_meta_data = '{}', raw_app_meta_data = '{}',
       deleted_at = now(), updated_at = now()
 where u.id = $1 and u.deleted_at is null
