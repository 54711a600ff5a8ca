-- Phase 1.1, data: where each contact worked when it was migrated, and search vectors. Nobody's triggers
-- fire. A second run changes no row.

set local migration.backfill = 'on';
set local timezone = 'UTC';

select private.hush_triggers('public.contacts');
update public.contacts c
   set company_id_backup = made.company_id,
       search_tsv        = made.search_tsv
  from (select x.id, x.company_id,
               private.search_vector(concat_ws(' ', x.first_name, x.last_name),
                 concat_ws(' ', x.title, x.department, private.email_text(x.email_jsonb), x.background)) as search_tsv
          from public.contacts x
         where x.id between private.batch_low() and private.batch_high()
        offset 0) made
 where c.id = made.id
   and (c.company_id_backup, c.search_tsv) is distinct from (made.company_id, made.search_tsv);
select private.restore_triggers();

set local migration.backfill = '';
