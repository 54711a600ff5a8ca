-- Columns that the services read and write, less those that are there.
select w.relation || '.' || k.name
  from (values
    ('auth.users', 'id aud role email encrypted_password email_confirmed_at invited_at confirmation_token confirmation_sent_at '
                   'recovery_token recovery_sent_at email_change_token_new email_change email_change_sent_at last_sign_in_at '
                   'raw_app_meta_data raw_user_meta_data created_at updated_at phone phone_confirmed_at phone_change '
                   'phone_change_token phone_change_sent_at confirmed_at email_change_token_current '
                   'email_change_confirm_status banned_until reauthentication_token reauthentication_sent_at is_sso_user '
                   'deleted_at is_anonymous'),
    ('auth.identities', 'provider_id user_id identity_data provider last_sign_in_at created_at updated_at email id'),
    ('auth.sessions', 'id user_id created_at updated_at factor_id aal not_after refreshed_at user_agent ip'),
    ('auth.refresh_tokens', 'id token user_id revoked created_at updated_at parent session_id'),
    ('auth.one_time_tokens', 'id user_id token_type token_hash relates_to created_at updated_at'),
    ('auth.flow_state', 'id user_id auth_code code_challenge_method code_challenge provider_type authentication_method'),
    ('storage.buckets', 'id name public file_size_limit allowed_mime_types owner_id'),
    ('storage.objects', 'id bucket_id name created_at updated_at metadata version owner_id user_metadata')) w (relation, names),
  regexp_split_to_table(w.names, ' ') k (name)
 where not exists (
   select from pg_catalog.pg_attribute a
    where a.attrelid = to_regclass(w.relation) and a.attname = k.name and not a.attisdropped)
 order by 1
