-- A sample of the work of contact_organizations: at most 10,000 rows.
select p.id, c.id, s.id, p.first_seen::date
  from (select * from public.contacts order by id limit 10000) p
  join public.companies c on c.id = p.company_id
  left join public.sales s on s.id = p.sales_id
