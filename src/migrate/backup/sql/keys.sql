-- Primary and unique keys of a table ($1), without expressions and conditions: is it the primary one, columns.
select i.indisprimary, array(
         select a.attname::text
           from unnest(i.indkey::int2[]) with ordinality k (attnum, place)
           join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
          where k.place <= i.indnkeyatts
          order by k.place)
  from pg_catalog.pg_index i
 where i.indrelid = $1::text::regclass and i.indisunique and i.indisvalid and i.indexprs is null and i.indpred is null
 order by i.indisprimary desc, i.indexrelid
