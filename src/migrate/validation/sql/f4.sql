-- F4. Companies without a sector.
select 'companies' as entity, c.id from public.companies c where coalesce(c.sector, '') !~ '\S'
