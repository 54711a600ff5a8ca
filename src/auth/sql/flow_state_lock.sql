-- The PKCE flow of a code ($1), locked. A code that was not handed out does not count.
select f.id, f.user_id, f.code_challenge_method::text as method, f.code_challenge as challenge,
       f.authentication_method,
       extract(epoch from clock_timestamp() -
               case when f.authentication_method = 'magiclink' then f.auth_code_issued_at
                    else f.created_at end)::float8 as age_s
  from auth.flow_state f
 where f.auth_code = $1::text and f.auth_code_issued_at is not null
   and f.user_id is not null and f.code_challenge is not null
   for update
