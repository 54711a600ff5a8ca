-- $1 address in lower case. Two ways in, so that rows written by hand in mixed case are found as well
-- and both indexes serve; the exact one comes first.
 where not u.is_sso_user
   and coalesce(nullif(u.aud, ''), 'authenticated') = 'authenticated'
   and (u.email = $1
        or (u.instance_id = '00000000-0000-0000-0000-000000000000' and lower(u.email) = $1))
 order by u.email = $1 desc
 limit 1
