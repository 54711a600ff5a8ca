-- Q2. Contacts with a phone number of other characters, or of fewer than three or more than 20 digits.
select 'contacts' as entity, p.id
  from public.contacts p
  cross join jsonb_array_elements(case when jsonb_typeof(p.phone_jsonb) = 'array' then p.phone_jsonb end) e (entry)
 where btrim(e.entry ->> 'number') <> ''
   and (e.entry ->> 'number' !~* '^\s*[-+0-9 ().,/#*]+((ext|x)\.?\s*[0-9]+)?\s*$'
        or length(regexp_replace(e.entry ->> 'number', '\D', '', 'g')) not between 3 and 20)
