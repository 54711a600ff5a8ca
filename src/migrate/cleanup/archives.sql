-- What rollbacks have kept aside, by the names that they recorded.
select h.id, h.run_id::text as run, h.completed_at as taken_at, a.name,
       case when a.name like 'table %' then
         coalesce(pg_total_relation_size(to_regclass(substr(a.name, 7))), 0) else 0 end::bigint as bytes,
       case when c.counts_from + interval '90 days' > now()
            then 'kept for 90 days, until ' || to_char((c.counts_from + interval '90 days') at time zone 'UTC', 'YYYY-MM-DD') end as kept_because
  from migration.migration_history h
  cross join lateral jsonb_array_elements_text(
    case when jsonb_typeof(h.metadata -> 'archived') = 'array' then h.metadata -> 'archived' else '[]' end) with ordinality a (name, place)
  cross join lateral (
    select greatest(h.completed_at, (select max(r.completed_at) from migration.migration_history r
                                      where r.run_id = h.run_id and r.phase_number = 'run')) as counts_from) c
 where h.phase_number = 'rollback' and h.status = 'completed'
 order by h.id, a.place
