-- Q1. Contacts whose e-mail addresses are not a list.
select 'contacts' as entity, p.id from public.contacts p where jsonb_typeof(p.email_jsonb) <> 'array'
