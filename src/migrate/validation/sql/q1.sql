-- Q1. Contacts with an e-mail address that is not x@y.z.
select 'contacts' as entity, p.id
  from public.contacts p
  cross join jsonb_array_elements(case when jsonb_typeof(p.email_jsonb) = 'array' then p.email_jsonb end) e (entry)
 where btrim(e.entry ->> 'email') <> ''
   and btrim(e.entry ->> 'email') !~ '^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$'
