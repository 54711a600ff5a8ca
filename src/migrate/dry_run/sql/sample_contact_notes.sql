-- A sample of the work of contact_notes: at most 10,000 rows.
select left(btrim(substring(n.text from '[^\s][^\n\r]*')), 100), n.text, p.id, c.id, s.id
  from (select * from {contact_notes} order by id limit 10000) n
  join public.contacts p on p.id = n.contact_id
  left join public.companies c on c.id = p.company_id
  left join public.sales s on s.id = n.sales_id
