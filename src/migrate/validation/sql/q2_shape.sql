-- Q2. Contacts whose phone numbers are not a list.
select 'contacts' as entity, p.id from public.contacts p where jsonb_typeof(p.phone_jsonb) <> 'array'
