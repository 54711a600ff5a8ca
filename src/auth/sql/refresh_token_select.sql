-- A refresh token ($1) and the seconds since it was last changed.
select t.id, t.session_id, coalesce(t.revoked, false) as revoked,
       extract(epoch from clock_timestamp() - coalesce(t.updated_at, t.created_at, to_timestamp(0)))::float8 as age_s
  from auth.refresh_tokens t
 where t.token = $1
