-- The newest PKCE flow of a user ($1) by this method ($2) gets its code handed out.
update auth.flow_state f
   set auth_code_issued_at = now(), updated_at = now()
 where f.id = (select g.id
                 from auth.flow_state g
                where g.user_id = $1 and g.authentication_method = $2::text
                order by g.created_at desc
                limit 1)
returning f.auth_code
