-- Bytes: heap of companies, contacts and deals, their average row, temp space that a sort of deals takes.
select pg_table_size('public.companies'), pg_table_size('public.contacts'), pg_table_size('public.deals'),
       pg_size_bytes(current_setting('work_mem')), pg_size_bytes(current_setting('maintenance_work_mem'))
