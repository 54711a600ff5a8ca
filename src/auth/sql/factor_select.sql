-- The second factors of a user ($1), oldest first.
select f.id, f.friendly_name, f.factor_type::text as factor_type, f.status::text as status,
       f.created_at, f.updated_at, f.last_challenged_at, f.phone
  from auth.mfa_factors f
 where f.user_id = $1
 order by f.created_at, f.id
