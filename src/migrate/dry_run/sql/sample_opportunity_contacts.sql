-- A sample of the work of opportunity_contacts: at most 10,000 rows.
select one.opportunity_id, one.contact_id, one.position = min(one.position) over (partition by one.opportunity_id)
  from (select d.id as opportunity_id, p.id as contact_id, min(u.place)::integer as position
          from (select * from public.deals order by id limit 10000) d
          cross join unnest(d.contact_ids) with ordinality u (id, place)
          join public.contacts p on p.id = u.id
         group by d.id, p.id) one
