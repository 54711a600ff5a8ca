-- How many users the list has in all; $1 as in the list.
select count(*)
  from auth.users u
 where coalesce(nullif(u.aud, ''), 'authenticated') = 'authenticated'
   and ($1::text is null
        or position(lower($1) in lower(coalesce(u.email, ''))) > 0
        or position(lower($1) in lower(coalesce(u.raw_user_meta_data ->> 'full_name', ''))) > 0)
