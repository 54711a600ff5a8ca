-- $1 part of the name or null, $2 column or null, $3 descending, $4 limit or null, $5 offset
select to_jsonb(b)
  from storage.buckets b
 where $1::text is null or strpos(lower(b.name), lower($1)) > 0
 order by case when not $3 then case $2 when 'id' then b.id when 'name' then b.name end end,
          case when $3 then case $2 when 'id' then b.id when 'name' then b.name end end desc,
          case when not $3 then case $2 when 'created_at' then b.created_at when 'updated_at' then b.updated_at end end,
          case when $3 then case $2 when 'created_at' then b.created_at when 'updated_at' then b.updated_at end end desc,
          b.id
 limit $4 offset $5
