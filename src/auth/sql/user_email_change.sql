-- A change of the address begins: $1 user, $2 new address, $3 hash for the new address, $4 hash for the
-- old one; NULL keeps a hash, empty removes it.
update auth.users u
   set email_change = $2::text, email_change_sent_at = now(), email_change_confirm_status = 0,
       email_change_token_new = coalesce($3::text, u.email_change_token_new, ''),
       email_change_token_current = coalesce($4::text, u.email_change_token_current, ''),
       updated_at = now()
 where u.id = $1
