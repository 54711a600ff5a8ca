-- Records of each kind.
select 'companies' as entity, count(*) from public.companies
 union all
select 'contacts', count(*) from public.contacts
 union all
select 'deals', count(*) from public.deals
 union all
select 'contact_notes', count(*) from {contact_notes}
 union all
select 'deal_notes', count(*) from {deal_notes}
 union all
select 'tasks', count(*) from public.tasks
 union all
select 'tags', count(*) from public.tags
 union all
select 'sales', count(*) from public.sales
