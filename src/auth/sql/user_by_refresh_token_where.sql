-- The user of the session of a refresh token ($1).
 where u.id = (select s.user_id
                 from auth.refresh_tokens t
                 join auth.sessions s on s.id = t.session_id
                where t.token = $1)
