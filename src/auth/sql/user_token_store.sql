-- The same with the user: $1 user, $2 type, $3 hash, $4 true when it is an invitation.
update auth.users u
   set confirmation_token = case $2::text when 'confirmation_token' then $3::text else coalesce(u.confirmation_token, '') end,
       confirmation_sent_at = case $2::text when 'confirmation_token' then now() else u.confirmation_sent_at end,
       invited_at = case when $4::boolean then now() else u.invited_at end,
       recovery_token = case $2::text when 'recovery_token' then $3::text else coalesce(u.recovery_token, '') end,
       recovery_sent_at = case $2::text when 'recovery_token' then now() else u.recovery_sent_at end,
       reauthentication_token = case $2::text when 'reauthentication_token' then $3::text else coalesce(u.reauthentication_token, '') end,
       reauthentication_sent_at = case $2::text when 'reauthentication_token' then now() else u.reauthentication_sent_at end,
       updated_at = now()
 where u.id = $1
