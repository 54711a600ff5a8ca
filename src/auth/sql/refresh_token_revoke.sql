-- A token ($1) was used. Used again, it keeps the time of its first use.
update auth.refresh_tokens
   set revoked = true, updated_at = now()
 where token = $1 and not coalesce(revoked, false)
