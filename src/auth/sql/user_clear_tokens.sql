-- Voids the one-time tokens that are kept with the user.
update auth.users
   set confirmation_token = '', recovery_token = '', email_change_token_new = '',
       email_change_token_current = '', reauthentication_token = ''
 where id = $1
   and (confirmation_token <> '' or recovery_token <> '' or email_change_token_new <> ''
        or email_change_token_current <> '' or reauthentication_token <> '')
