-- $1 bucket, $2 prefix, $3 the prefix as a pattern, $4 beginning of entries as a lower-case pattern,
-- $5 fold what is below a slash into one entry, $6 sort column, $7 descending, $8 limit, $9 offset
with below as (
  select o.id, substr(o.name, length($2) + 1) as rest, o.created_at, o.updated_at, o.last_accessed_at
    from storage.objects o
   where o.bucket_id = $1 and o.name like $3
), entries as (
  select b.rest as entry, b.id, b.created_at, b.updated_at, b.last_accessed_at
    from below b
   where b.rest <> '' and not ($5 and strpos(b.rest, '/') > 0)
  union all
  select distinct split_part(b.rest, '/', 1), null::uuid, null::timestamptz, null::timestamptz, null::timestamptz
    from below b
   where $5 and strpos(b.rest, '/') > 0
), page as (
  select e.entry, e.id,
         row_number() over (
           order by
             -- Without a time (folders, other orders) everything is equal here, and the name decides.
             ($6 <> 'name' and e.id is not null),
             case when not $7 then case $6 when 'updated_at' then e.updated_at
               when 'created_at' then e.created_at when 'last_accessed_at' then e.last_accessed_at end end,
             case when $7 then case $6 when 'updated_at' then e.updated_at
               when 'created_at' then e.created_at when 'last_accessed_at' then e.last_accessed_at end end desc,
             case when not ($7 and $6 = 'name') then lower(e.entry) collate "C" end,
             case when $7 and $6 = 'name' then lower(e.entry) collate "C" end desc,
             e.entry collate "C", e.id nulls first) as position
    from entries e
   where lower(e.entry) like $4
)
select p.entry, case when p.id is not null then to_jsonb(o) end as object
  from page p
  left join storage.objects o on o.id = p.id
 where p.position > $9 and p.position <= $9 + $8
 order by p.position
