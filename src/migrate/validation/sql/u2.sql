-- U2. Contacts of one company with the same e-mail address, or one twice.
select 'contacts' as entity, same.id
  from (select p.id, count(*) over (partition by p.company_id, lower(btrim(e.entry ->> 'email'))) as times
          from public.contacts p
          cross join jsonb_array_elements(case when jsonb_typeof(p.email_jsonb) = 'array' then p.email_jsonb end) e (entry)
         where p.company_id is not null and btrim(e.entry ->> 'email') <> '') same
 where same.times > 1
