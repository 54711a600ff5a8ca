-- What others wrote to a table ($1) since before the backup: ids of the rows that are as the last write left
-- them, how many of them were edited, made, deleted, the rows that are not as they were left, and writes that
-- could not be noted. Columns that are still there ({names}) are compared.
with last as (
  select distinct on (w.id) w.id, w.checksums
    from migration.trace w where w.relation = $1 and w.failure is null
   order by w.id, w.seq desc),
rows as (
  select l.id, l.checksums is null as is_gone,
         case when l.checksums is null then not exists (select from {table} t where t.id = l.id)
              else coalesce((select {checksums} from {table} t where t.id = l.id)
                              @> (l.checksums - array(select k.name from jsonb_object_keys(l.checksums) k (name)
                                                       where k.name <> all ({names}))), false) end as is_kept,
         exists (select from {copy} c where c.id = l.id) as is_old
    from last l)
select coalesce(array_agg(r.id) filter (where r.is_kept), '{}') as explained,
       count(*) filter (where r.is_kept and r.is_old and not r.is_gone) as edited,
       count(*) filter (where r.is_kept and not r.is_old and not r.is_gone) as since,
       count(*) filter (where r.is_kept and r.is_old and r.is_gone) as deleted,
       count(*) filter (where not r.is_kept) as undone,
       coalesce((array_agg('undone ' || r.id order by r.id) filter (where not r.is_kept))[:20], '{}') as samples,
       (select count(*) || ' writes could not be noted: ' || min(w.failure)
          from migration.trace w where w.relation = $1 and w.failure is not null having count(*) > 0) as unnoted
  from rows r
