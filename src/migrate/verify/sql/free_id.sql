(select case when coalesce(max(t.id), 0) < 9223372036850000000 then greatest(max(t.id), 0) + 1000000
             -- Near the end of the numbers: the middle of the widest gap.
             else (select trunc((gap.low::numeric + gap.high) / 2)::bigint
                     from (select x.id as low, lead(x.id) over (order by x.id) as high
                             from (select 0::bigint as id union all select f.id from {relation} f where f.id > 0) x) gap
                    where gap.high is not null
                    order by gap.high::numeric - gap.low desc
                    limit 1) end
   from {relation} t)
