-- Every table of every backup set that is there, with the strictest reason why the set stays.
with sets as (
  select b.stamp, b.run_id, min(b.taken_at) as taken_at,
         row_number() over (order by bool_and(b.verified_at is not null) desc, b.stamp desc) as place
    from migration.migration_backups b
   where b.dropped_at is null
   group by b.stamp, b.run_id),
dated as (
  select s.*, coalesce((select max(h.completed_at) from migration.migration_history h
                         where h.run_id = s.run_id and h.phase_number = 'run'), s.taken_at) as counts_from
    from sets s)
select b.stamp, d.taken_at, b.copy_name, b.dump_path,
       coalesce(pg_total_relation_size(to_regclass('crm_backup.' || quote_ident(b.copy_name))), 0) as bytes,
       case when d.counts_from + interval '90 days' > now() or d.taken_at + interval '90 days' > now()
              then 'kept for 90 days, until ' || to_char((greatest(d.counts_from, d.taken_at) + interval '90 days') at time zone 'UTC', 'YYYY-MM-DD')
            when d.place <= 3 then 'one of the last three sets'
            when d.taken_at + interval '30 days' > now() then 'younger than 30 days' end as kept_because
  from migration.migration_backups b join dated d on d.stamp = b.stamp
 where b.dropped_at is null
 order by b.stamp, b.table_name
