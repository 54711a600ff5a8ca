-- R10. Rows other than tasks whose owner does not exist.
with owned (entity, id, sales_id) as (
  select 'companies', c.id, c.sales_id from public.companies c
   union all
  select 'contacts', p.id, p.sales_id from public.contacts p
   union all
  select 'deals', d.id, d.sales_id from public.deals d
   union all
  select 'contact_notes', n.id, n.sales_id from {contact_notes} n
   union all
  select 'deal_notes', n.id, n.sales_id from {deal_notes} n)
select o.entity, o.id
  from owned o
 where o.sales_id is not null
   and not exists (select from public.sales s where s.id = o.sales_id)
