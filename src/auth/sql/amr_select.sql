-- The proofs of a session ($1), newest first, with the time of each in seconds since 1970.
select a.authentication_method, extract(epoch from a.updated_at)::bigint as at_s
  from auth.mfa_amr_claims a
 where a.session_id = $1
 order by a.updated_at desc, a.authentication_method
