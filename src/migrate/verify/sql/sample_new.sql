(select json_build_object('stage', o.stage, 'status', o.status, 'probability', o.probability,
                          'customer_organization_id', o.customer_organization_id,
                          'contacts', (select count(*) from public.opportunity_contacts r where r.opportunity_id = o.id))
   from public.opportunities o where o.id = t.id)
