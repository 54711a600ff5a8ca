-- One of two addresses confirmed the change: $1 user, $2 type of its token.
update auth.users u
   set email_change_confirm_status = 1,
       email_change_token_new = case $2::text when 'email_change_token_new' then '' else u.email_change_token_new end,
       email_change_token_current = case $2::text when 'email_change_token_current' then '' else u.email_change_token_current end,
       updated_at = now()
 where u.id = $1
