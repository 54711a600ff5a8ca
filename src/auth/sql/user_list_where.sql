-- $1 text to find in the address or the full name, or NULL; $2 oldest first; $3 limit; $4 offset.
 where coalesce(nullif(u.aud, ''), 'authenticated') = 'authenticated'
   and ($1::text is null
        or position(lower($1) in lower(coalesce(u.email, ''))) > 0
        or position(lower($1) in lower(coalesce(u.raw_user_meta_data ->> 'full_name', ''))) > 0)
 order by case when $2::boolean then u.created_at end asc,
          case when not $2::boolean then u.created_at end desc, u.id
 limit $3::bigint offset $4::bigint
