-- $1 rows of the copy in the order of a hash of their ids with seed $2, before and after.
select b.id, b.before, a.after, b.new, b.before::text is not distinct from a.after::text as is_equal
  from (select t.id, (select to_json(x.*) from (select {columns}) x) as before, {new} as new
          from {copy} t
         where t.id = any (array(select s.id from {copy} s order by hashtextextended(s.id::text, $2), s.id limit $1))) b
  left join lateral (
        select (select to_json(x.*) from (select {columns}) x) as after from {live} t where t.id = b.id) a on true
 order by b.id
