-- What a signed-in user may do in the schema of the API, as one JSON document.
select json_build_object(
  'relations', (
    select coalesce(json_object_agg(c.relname, v.verbs), '{}')
      from pg_class c
      join lateral (
        select json_agg(verb order by verb) as verbs
          from unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) verb
         where has_table_privilege('authenticated', c.oid, verb)
      ) v on has_table_privilege('authenticated', c.oid, 'SELECT')
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')),
  'functions', (
    select coalesce(json_agg(p.proname order by p.proname), '[]')
      from pg_proc p
     where p.pronamespace = 'public'::regnamespace and has_function_privilege('authenticated', p.oid, 'EXECUTE')))::text
