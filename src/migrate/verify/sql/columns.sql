-- The columns that a writer may set, per relation of schema public.
select c.table_schema || '.' || quote_ident(c.table_name),
       array_agg(c.column_name::text order by c.ordinal_position)
  from information_schema.columns c
 where c.table_schema = 'public' and c.is_generated = 'NEVER' and c.is_updatable = 'YES'
 group by 1
