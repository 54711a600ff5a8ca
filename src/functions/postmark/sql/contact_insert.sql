insert into public.contacts (first_name, last_name, email_jsonb, company_id, sales_id, first_seen, last_seen, tags)
select $1::text, $2::text, jsonb_build_array(jsonb_build_object('email', $3::text, 'type', 'Work')),
       $4::bigint, $5::bigint, now(), now(), '{}'
returning id
