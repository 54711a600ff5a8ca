-- All tokens of a session ($1). Their time is long past, so that none counts as used a moment ago.
update auth.refresh_tokens
   set revoked = true, updated_at = to_timestamp(0)
 where session_id = $1
