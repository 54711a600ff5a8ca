-- F3. Contacts with neither an e-mail address nor a phone number.
select 'contacts' as entity, p.id
  from public.contacts p
 where not exists (
         select from jsonb_array_elements(case when jsonb_typeof(p.email_jsonb) = 'array' then p.email_jsonb end) e (entry)
          where btrim(e.entry ->> 'email') <> '')
   and not exists (
         select from jsonb_array_elements(case when jsonb_typeof(p.phone_jsonb) = 'array' then p.phone_jsonb end) e (entry)
          where btrim(e.entry ->> 'number') <> '')
