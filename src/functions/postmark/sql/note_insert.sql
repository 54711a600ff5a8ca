insert into public.contact_notes (contact_id, sales_id, text, date, attachments)
values ($1::bigint, $2::bigint, $3::text, now(), $4::jsonb[])
