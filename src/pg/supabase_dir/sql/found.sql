select to_regclass('supabase_migrations.schema_migrations') is not null
       and exists (select from information_schema.schemata where schema_name = 'private')
       and to_regclass('public.opportunities') is not null
       and to_regclass('public.migration_history') is not null
