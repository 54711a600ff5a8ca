-- Every row of the differing buckets ($1) that is not the same, column by column, by kind:
--   missing   was in the copy, is gone
--   since     came later: an id above all of the copy's ($3), or made after the copy ($2)
--   appeared  was not in the copy and does not look new
--   moved     nothing but its place on the board differs, of which no moment is kept
--   touched   nothing but updated_at differs, and nobody could have edited in the new words yet ($4: cut-over)
--   edited    differs, and its updated_at is later than the copy
--   changed   differs without a trace
-- Rows that others wrote since and that are as they left them ($5) are none of these. Where every write is
-- traced ($6), a new row and a later updated_at explain nothing by themselves.
with before as (select {columns} from {copy} t where t.id / 10000 = any ($1::bigint[]) and t.id <> all ($5::bigint[])),
after as (select {columns} from {live} t where t.id / 10000 = any ($1::bigint[]) and t.id <> all ($5::bigint[])),
pairs as (
  select coalesce(b.id, a.id) as id, b.id is null as is_new, a.id is null as is_gone,
         {created_at} as created_at, {updated_before} as updated_before, {updated_after} as updated_after,
         case when b.id is null or a.id is null then '{}'::text[]
              else array_remove(array[{differing}], null) end as columns
    from before b
    full join after a on a.id = b.id),
differences as (
  select id, columns,
         case when is_gone then 'missing'
              when is_new and not $6::boolean and (id > $3::bigint or created_at >= $2) then 'since'
              when is_new then 'appeared'
              when columns = array['index'] then 'moved'
              when columns = array['updated_at'] and not $6 and updated_after >= coalesce($4, 'infinity'::timestamptz) then 'edited'
              when columns = array['updated_at'] then 'touched'
              when not $6 and updated_after is distinct from updated_before and updated_after >= $2 then 'edited'
              else 'changed' end as kind
    from pairs
   where is_new or is_gone or columns <> '{}'),
numbered as (
  select kind, id, columns, row_number() over (partition by kind order by id) as place,
         count(*) over (partition by kind) as total
    from differences)
select kind, total, place, id::bigint as id, columns,
       (select count(*) from differences d where d.columns && array['created_at', 'date', 'first_seen']) as created_changed,
       (select count(*) from differences d where d.columns && array['sales_id'] and d.kind <> 'edited') as owner_changed
  from numbered
 where place <= 20
 order by kind, id
