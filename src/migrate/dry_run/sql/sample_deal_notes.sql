-- A sample of the work of deal_notes: at most 10,000 rows.
select left(btrim(substring(n.text from '[^\s][^\n\r]*')), 100), regexp_replace(lower(btrim(n.type)), '[- ]+', '_', 'g'),
       n.text, d.id, c.id, s.id
  from (select * from {deal_notes} order by id limit 10000) n
  join public.deals d on d.id = n.deal_id
  left join public.companies c on c.id = d.company_id
  left join public.sales s on s.id = n.sales_id
