-- The identities of a user that was made unrecognisable.
update auth.identities i
   set provider_id = encode(sha256(convert_to(i.user_id::text || i.provider_id, 'UTF8')), 'hex'),
       identity_data = '{}', updated_at = now()
 where i.user_id = $1
