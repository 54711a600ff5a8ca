update public.deals d
   set contact_ids = (select array_agg(k.id order by k.place)
                        from (select u.id, min(u.place) as place
                                from unnest(array_remove(d.contact_ids, $1::bigint) || $2::bigint) with ordinality u (id, place)
                               group by u.id) k)
 where d.contact_ids @> array[$1::bigint]
