-- How many rows break each rule, and the first of them. The query of (rule, row) goes in front.
with broken (rule, row_id) as materialized (
{broken}
)
select r.rule, count(b.row_id) as failed,
       coalesce((array_agg(b.row_id order by length(b.row_id), b.row_id) filter (where b.row_id is not null))[1:5], '{}') as samples
  from unnest($1::text[]) with ordinality r (rule, place)
  left join broken b on b.rule = r.rule
 group by r.rule, r.place
 order by r.place
