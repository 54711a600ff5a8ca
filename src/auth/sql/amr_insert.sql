-- How the user of a session ($1) proved who they are ($2).
insert into auth.mfa_amr_claims (id, session_id, created_at, updated_at, authentication_method)
values (gen_random_uuid(), $1, now(), now(), $2)
on conflict on constraint mfa_amr_claims_session_id_authentication_method_pkey
do update set updated_at = now()
