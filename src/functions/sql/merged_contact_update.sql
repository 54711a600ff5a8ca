update public.contacts c
   set (email_jsonb, phone_jsonb, tags, avatar, linkedin_url, first_seen, last_seen) =
       (select m.email_jsonb, m.phone_jsonb, m.tags, m.avatar, m.linkedin_url, m.first_seen, m.last_seen
          from jsonb_populate_record(null::public.contacts, $2::jsonb) m)
 where c.id = $1::bigint
