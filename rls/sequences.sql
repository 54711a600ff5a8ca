-- Sequences of the identity columns: a row gets its id without any right on them, but "Prefer: missing=default"
-- and the old names ask for the next value by name, with the caller's rights.

do $$
declare
  sequence regclass;
begin
  for sequence in
    select s.oid from pg_catalog.pg_class s
      join pg_catalog.pg_depend d on d.objid = s.oid and d.classid = 'pg_class'::regclass and d.deptype = 'i'
      join pg_catalog.pg_class t on t.oid = d.refobjid and t.relname = any (array[
        'companies', 'contacts', 'contactNotes', 'contact_notes', 'opportunities', 'opportunityNotes', 'tags', 'tasks',
        'contact_organizations', 'contact_preferred_principals', 'activities', 'opportunity_participants',
        'opportunity_contacts', 'opportunity_products', 'interaction_participants'])
     where s.relkind = 'S' and s.relnamespace = 'public'::regnamespace and t.relnamespace = 'public'::regnamespace
  loop
    execute format('grant usage on sequence %s to authenticated, service_role', sequence);
  end loop;
end $$;
