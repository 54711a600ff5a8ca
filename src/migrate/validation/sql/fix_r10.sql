-- R10: rows whose owner does not exist have none. Returns what was there.
with companies as (
  update public.companies c set sales_id = null
    from (select o.id, o.sales_id from public.companies o
           where o.sales_id is not null and not exists (select from public.sales s where s.id = o.sales_id) for update) w
   where c.id = w.id
  returning 'companies' as entity, c.id, jsonb_build_object('sales_id', w.sales_id) as old),
contacts as (
  update public.contacts p set sales_id = null
    from (select o.id, o.sales_id from public.contacts o
           where o.sales_id is not null and not exists (select from public.sales s where s.id = o.sales_id) for update) w
   where p.id = w.id
  returning 'contacts' as entity, p.id, jsonb_build_object('sales_id', w.sales_id) as old),
deals as (
  update public.deals d set sales_id = null
    from (select o.id, o.sales_id from public.deals o
           where o.sales_id is not null and not exists (select from public.sales s where s.id = o.sales_id) for update) w
   where d.id = w.id
  returning 'deals' as entity, d.id, jsonb_build_object('sales_id', w.sales_id) as old),
contact_notes as (
  update {contact_notes} n set sales_id = null
    from (select o.id, o.sales_id from {contact_notes} o
           where o.sales_id is not null and not exists (select from public.sales s where s.id = o.sales_id) for update) w
   where n.id = w.id
  returning 'contact_notes' as entity, n.id, jsonb_build_object('sales_id', w.sales_id) as old),
deal_notes as (
  update {deal_notes} n set sales_id = null
    from (select o.id, o.sales_id from {deal_notes} o
           where o.sales_id is not null and not exists (select from public.sales s where s.id = o.sales_id) for update) w
   where n.id = w.id
  returning 'deal_notes' as entity, n.id, jsonb_build_object('sales_id', w.sales_id) as old)
select * from companies
 union all select * from contacts
 union all select * from deals
 union all select * from contact_notes
 union all select * from deal_notes
