-- Phase 1.4, data: the first interaction of each deal. updated_at stays: nobody edited anything.

set local migration.backfill = 'on';
set local timezone = 'UTC';

select private.hush_triggers('public.deals');
update public.deals d
   set founding_interaction_id = made.activity_id
  from (select x.id, (select a.id from public.activities a
                       where a.opportunity_id = x.id and a.activity_type = 'interaction' and a.deleted_at is null
                       order by a.activity_date, a.id limit 1) as activity_id
          from public.deals x
         where x.id between private.batch_low() and private.batch_high()
        offset 0) made
 where d.id = made.id and d.founding_interaction_id is distinct from made.activity_id;
select private.restore_triggers();

set local migration.backfill = '';
