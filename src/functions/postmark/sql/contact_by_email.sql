select c.id
  from public.contacts c
 where c.email_jsonb @> jsonb_build_array(jsonb_build_object('email', $1::text))
 order by c.id
 limit 2
