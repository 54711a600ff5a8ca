-- The one-time tokens of users, with what decides about them. The caller adds FROM's rest and WHERE.
select u.id as user_id, c.token_type, coalesce(c.token, '') as token,
       extract(epoch from clock_timestamp() - c.sent_at)::float8 as age_s,
       coalesce(u.email, '') as email, coalesce(u.email_change, '') as new_email,
       coalesce(u.email_change_confirm_status, 0)::int as email_change_status,
       u.email_confirmed_at is not null as is_confirmed,
       u.invited_at is not null as is_invited,
       coalesce(u.encrypted_password, '') = '' as has_no_password,
       coalesce(u.banned_until > now(), false) as is_banned
  from auth.users u
 cross join lateral (values
         ('confirmation_token', u.confirmation_token, u.confirmation_sent_at),
         ('recovery_token', u.recovery_token, u.recovery_sent_at),
         ('email_change_token_new', u.email_change_token_new, u.email_change_sent_at),
         ('email_change_token_current', u.email_change_token_current, u.email_change_sent_at),
         ('reauthentication_token', u.reauthentication_token, u.reauthentication_sent_at)
       ) c (token_type, token, sent_at)
