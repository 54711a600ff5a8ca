-- A sample of the work of tasks: at most 10,000 rows.
select t.type ~* '\m(calls?|e[- ]?mails?|meetings?|lunch|demos?|follow[-_ ]?ups?|visits?)\M'
       or t.text ~* '\m(calls?|e[- ]?mails?|meetings?|lunch|demos?|follow[-_ ]?ups?|visits?)\M', p.id, c.id, s.id
  from (select * from public.tasks order by id limit 10000) t
  join public.contacts p on p.id = t.contact_id
  left join public.companies c on c.id = p.company_id
  left join public.sales s on s.id = t.sales_id
