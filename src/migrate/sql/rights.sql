-- The session's role: which of the CRM's tables it does not own, whether it sees every row of them, and
-- whether it may create.
with me as (
  select r.oid, r.rolname, r.rolsuper, r.rolbypassrls from pg_catalog.pg_roles r where r.rolname = current_user
), tables as (
  select c.oid, c.relname, c.relowner, c.relrowsecurity, c.relforcerowsecurity
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where n.nspname = 'public' and c.relkind = 'r'
     and c.relname = any (array['sales', 'companies', 'contacts', 'tasks', 'tags', 'deals', 'opportunities', 'dealNotes',
       'deal_notes', 'opportunityNotes', 'contactNotes', 'contact_notes', 'configuration'])
)
select current_user::text as role,
       array(select t.relname::text from tables t, me
              where not me.rolsuper and not pg_has_role(me.oid, t.relowner, 'member') order by 1) as foreign_tables,
       (select me.rolsuper or me.rolbypassrls
               or not exists (select from tables t where t.relforcerowsecurity or
                                (t.relrowsecurity and not pg_has_role(me.oid, t.relowner, 'usage')))
          from me) as sees_all,
       has_database_privilege(current_database(), 'create') and has_schema_privilege('public', 'create') as may_create
