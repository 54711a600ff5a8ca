select s.id
  from public.sales s
 where lower(s.email::text) = lower($1::text) and not coalesce(s.disabled, false)
 order by s.id
 limit 1
