-- A sample of the work of participants: at most 10,000 rows.
select d.id, c.id, s.id
  from (select * from public.deals order by id limit 10000) d
  join public.companies c on c.id = d.company_id
  left join public.sales s on s.id = d.sales_id
