-- Q7. Rows with more text than the search takes: 200,000 characters, then it is cut.
select 'companies' as entity, c.id
  from public.companies c
 where length(concat_ws(' ', c.name, c.sector, c.website, c.city, c.address, c.description)) > 200000
 union all
select 'contacts', p.id
  from public.contacts p
 where length(concat_ws(' ', p.first_name, p.last_name, p.title, p.background, p.email_jsonb)) > 200000
 union all
select 'deals', d.id
  from public.deals d
 where length(concat_ws(' ', d.name, d.category, d.description)) > 200000
