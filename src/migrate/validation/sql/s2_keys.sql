-- S2. Tables outside the product with keys to deals or their notes by a column of another name than deal_id: what
-- embeds by such a key's column or name, not by the table's name, gets the new face. $1: the baseline's own, `kind relation identity`.
select format('%s by %s (%s)', k.conrelid::regclass, k.conname,
              (select string_agg(quote_ident(a.attname), ', ' order by n)
                 from unnest(k.conkey) with ordinality key (attnum, n)
                 join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = key.attnum)) as item
  from pg_catalog.pg_constraint k
  join pg_catalog.pg_class c on c.oid = k.conrelid
 where k.contype = 'f' and k.conparentid = 0
   and k.confrelid = any (array[to_regclass('public.deals'), to_regclass('{deal_notes}')]::oid[])
   and concat_ws(' ', 'relation', c.relname, c.relname) <> all ($1::text[])
   and not exists (select from pg_catalog.pg_attribute a
                    where k.conkey = array[a.attnum] and a.attrelid = k.conrelid and a.attname = 'deal_id')
 order by 1
