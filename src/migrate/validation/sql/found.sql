-- What a rule found: entity, how many records, up to five of their ids.
with found as materialized (
  select entity, id from (
{rule}
  ) findings (entity, id)
  group by entity, id)
select f.entity, count(*), array(select s.id from found s where s.entity = f.entity order by s.id limit 5)
  from found f
 group by f.entity
 order by f.entity
