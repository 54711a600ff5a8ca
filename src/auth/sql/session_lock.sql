-- The session of a refresh token ($1), locked until the end of the transaction: all changes of its
-- tokens wait here for one another.
select s.id, s.user_id, coalesce(s.aal::text, 'aal1') as aal,
       coalesce(s.not_after < now(), false) as is_over
  from auth.sessions s
 where s.id = (select t.session_id from auth.refresh_tokens t where t.token = $1)
   for update
