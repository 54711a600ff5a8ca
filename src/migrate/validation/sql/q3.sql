-- Q3. Companies whose website has no scheme.
select 'companies' as entity, c.id
  from public.companies c
 where c.website::text ~ '\S' and c.website::text !~* '^\s*https?://'
