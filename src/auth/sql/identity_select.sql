-- The identities of a user ($1), oldest first; missing times are the user's.
select i.id, i.provider_id, i.user_id, i.identity_data, i.provider, i.email,
       coalesce(i.last_sign_in_at, u.last_sign_in_at) as last_sign_in_at,
       coalesce(i.created_at, u.created_at, to_timestamp(0)) as created_at,
       coalesce(i.updated_at, u.updated_at, u.created_at, to_timestamp(0)) as updated_at
  from auth.identities i
  join auth.users u on u.id = i.user_id
 where i.user_id = $1
 order by i.created_at, i.id
