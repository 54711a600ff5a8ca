-- The e-mail identity of a user ($1) is verified, and has the user's address.
update auth.identities i
   set identity_data = i.identity_data || jsonb_build_object('email', u.email, 'email_verified', true),
       updated_at = now()
  from auth.users u
 where u.id = i.user_id and i.user_id = $1 and i.provider = 'email'
