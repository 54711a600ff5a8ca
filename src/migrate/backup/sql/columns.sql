-- Columns of a table ($1) in its order.
select a.attname::text
  from pg_catalog.pg_attribute a
 where a.attrelid = $1::text::regclass and a.attnum > 0 and not a.attisdropped
 order by a.attnum
