update public.contacts c
   set (email_jsonb, phone_jsonb, tags, avatar, linkedin_url, first_seen, last_seen, gender, first_name,
        last_name, title, company_id, background, has_newsletter, sales_id) =
       (select m.email_jsonb, m.phone_jsonb, m.tags, m.avatar, m.linkedin_url, m.first_seen, m.last_seen,
               m.gender, m.first_name, m.last_name, m.title, m.company_id, m.background, m.has_newsletter,
               m.sales_id
          from jsonb_populate_record(null::public.contacts, $2::jsonb) m)
 where c.id = $1::bigint
