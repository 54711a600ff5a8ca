-- The newest token that is still good in the session of a refresh token ($1).
select t.token, coalesce(t.parent, '') as parent
  from auth.refresh_tokens t
 where t.session_id = (select given.session_id from auth.refresh_tokens given where given.token = $1)
   and not coalesce(t.revoked, false)
 order by t.id desc
 limit 1
