-- U3. Contacts of one company with the same number of ten digits or more.
select 'contacts' as entity, same.id
  from (select number.id, count(*) over (partition by number.company_id, number.digits) as times
          from (select p.id, p.company_id, regexp_replace(e.entry ->> 'number', '\D', '', 'g') as digits
                  from public.contacts p
                  cross join jsonb_array_elements(case when jsonb_typeof(p.phone_jsonb) = 'array' then p.phone_jsonb end) e (entry)
                 where p.company_id is not null) number
         where length(number.digits) >= 10) same
 where same.times > 1
