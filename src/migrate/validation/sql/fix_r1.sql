-- R1: contacts whose company is gone lose the dangling number. Returns what was there.
with wrong as (
  select p.id, p.company_id
    from public.contacts p
   where p.company_id is not null
     and not exists (select from public.companies c where c.id = p.company_id)
     for update of p)
update public.contacts p
   set company_id = null
  from wrong w
 where p.id = w.id
returning 'contacts' as entity, p.id, jsonb_build_object('company_id', w.company_id) as old
