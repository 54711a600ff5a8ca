-- Functions of the CRM: callable by whoever is signed in, never by anon, and
-- get_user_id_by_email only by the server. PostgreSQL lets everybody call a new function, hence the revoke.
-- What everybody may not call has been settled before, here or by a site: whoever may call it then goes on, and
-- nobody else is let in.

do $$
declare
  f record;
begin
  for f in
    select p.oid::regprocedure as signature, p.proname = 'get_user_id_by_email' as is_private,
           exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x where x.grantee = 0)
           -- A new function in a database whose new functions are nobody's.
           or not exists (select from aclexplode(p.proacl) x where x.grantee <> p.proowner)
              and exists (select from pg_catalog.pg_default_acl d
                           where d.defaclrole = p.proowner and d.defaclnamespace = 0 and d.defaclobjtype = 'f'
                             and not exists (select from aclexplode(d.defaclacl) x where x.grantee = 0)) as is_unsettled
      from pg_catalog.pg_proc p
     where p.pronamespace = 'public'::regnamespace and p.prokind = 'f'
       and not exists (select from pg_catalog.pg_depend d where d.objid = p.oid and d.deptype = 'e')
       and p.proname = any (array[
         'is_admin', 'get_user_id_by_email', 'set_sales_id_default', 'lowercase_email_jsonb', 'get_domain_favicon',
         'get_avatar_for_email', 'handle_contact_saved', 'handle_company_saved', 'handle_contact_note_created_or_updated',
         'get_note_attachments_function_url', 'cleanup_note_attachments', 'handle_new_user', 'handle_update_user',
         'merge_contacts', 'opportunities_before_insert', 'set_opportunity_sales_id_default', 'opportunities_before_sent', 'opportunities_before_update', 'opportunities_after_write',
         'companies_before_write', 'contacts_before_write', 'contacts_after_write', 'contact_organizations_before_write',
         'contact_organizations_after_write', 'check_principal_organization', 'get_contact_organizations',
         'get_organization_contacts', 'add_contact_to_organization', 'add_principal_advocacy',
         'validate_opportunity_participants', 'opportunity_participants_after_write', 'opportunity_contacts_before_write', 'opportunity_contacts_after_write',
         'set_updated_at', 'sync_opportunity_participants', 'create_opportunity_with_participants',
         'get_opportunity_with_participants', 'activities_before_write', 'activities_after_write', 'log_engagement',
         'log_interaction', 'convert_engagement_to_interaction', 'get_activity_timeline'])
  loop
    execute format('revoke all on function %s from public, anon', f.signature);
    if f.is_unsettled then
      execute format('grant execute on function %s to service_role', f.signature);
    end if;
    if f.is_private then
      execute format('revoke all on function %s from authenticated', f.signature);
    elsif f.is_unsettled then
      execute format('grant execute on function %s to authenticated', f.signature);
    end if;
  end loop;
end $$;
