-- Q3: websites without a scheme get https://. Returns what was there.
with wrong as (
  select c.id, c.website::text as website
    from public.companies c
   where c.website::text ~ '\S' and c.website::text !~* '^\s*https?://'
     and c.website::text !~ '\s' and c.website::text like '%.%'
     for update of c)
update public.companies c
   set website = 'https://' || w.website
  from wrong w
 where c.id = w.id
returning 'companies' as entity, c.id, jsonb_build_object('website', w.website) as old
