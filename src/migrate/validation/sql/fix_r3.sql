-- R3: deals whose company is gone lose the dangling number. Returns what was there.
with wrong as (
  select d.id, d.company_id
    from public.deals d
   where d.company_id is not null
     and not exists (select from public.companies c where c.id = d.company_id)
     for update of d)
update public.deals d
   set company_id = null
  from wrong w
 where d.id = w.id
returning 'deals' as entity, d.id, jsonb_build_object('company_id', w.company_id) as old
