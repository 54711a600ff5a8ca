-- $1 address in lower case: the user's, or the one that the user is changing to.
 where not u.is_sso_user
   and (u.email = $1
        or (u.instance_id = '00000000-0000-0000-0000-000000000000' and lower(u.email) = $1)
        or u.id in (select t.user_id from auth.one_time_tokens t
                     where t.relates_to = $1 and t.token_type = 'email_change_token_new'))
   for update of u
