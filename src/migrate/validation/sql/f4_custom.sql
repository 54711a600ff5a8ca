-- F4. Companies with a sector outside the configured list.
select 'companies' as entity, c.id
  from public.companies c
 where c.sector ~ '\S'
   and c.sector <> all (array(select jsonb_array_elements_text(current_setting('migration.sectors')::jsonb)))
