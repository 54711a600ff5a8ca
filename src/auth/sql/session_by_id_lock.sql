-- A session ($1) with what its signed tokens need, locked until the end of the transaction. Older schemas
-- lack the columns; read through JSON they are null there. "refreshed_at" has no zone and holds UTC.
select s.id, s.user_id, coalesce(s.aal::text, 'aal1') as aal,
       coalesce(s.not_after < now(), false) as is_over,
       to_jsonb(s) ->> 'refresh_token_hmac_key' as hmac_key,
       (to_jsonb(s) ->> 'refresh_token_counter')::bigint as counter,
       coalesce(extract(epoch from now() at time zone 'utc' - s.refreshed_at)::float8, 'infinity') as age_s
  from auth.sessions s
 where s.id = $1
   for update
