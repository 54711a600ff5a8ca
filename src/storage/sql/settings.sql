-- $1 names, $2 values; in their order, since the role comes after what it may not set itself.
select count(set_config(s.name, s.value, true))
  from (select u.name, u.value
          from unnest($1::text[], $2::text[]) with ordinality u (name, value, position)
         order by u.position) s
