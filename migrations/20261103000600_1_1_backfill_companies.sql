-- Phase 1.1, data: the search vectors of companies. Nobody's triggers fire. A second run changes no row.

set local migration.backfill = 'on';
set local timezone = 'UTC';

select private.hush_triggers('public.companies');
update public.companies c
   set search_tsv = made.search_tsv
  from (select x.id, private.search_vector(x.name,
                 concat_ws(' ', x.sector, x.website, x.city, x.segment, x.address, x.description)) as search_tsv
          from public.companies x
         where x.id between private.batch_low() and private.batch_high()
        offset 0) made
 where c.id = made.id and c.search_tsv is distinct from made.search_tsv;
select private.restore_triggers();

set local migration.backfill = '';
