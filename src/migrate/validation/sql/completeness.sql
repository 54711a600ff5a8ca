-- Points for what is filled, per kind of record: entity, records, points, points that a full record has.
select 'companies' as entity, count(*) as records,
       coalesce(sum(case when c.name ~ '\S' then 20 else 0 end + case when c.sector ~ '\S' then 15 else 0 end
         + case when c.created_at is not null then 12 else 0 end + case when c.size > 0 then 10 else 0 end
         + case when c.website::text ~ '\S' then 10 else 0 end + case when c.phone_number ~ '\S' then 8 else 0 end
         + case when c.address ~ '\S' then 5 else 0 end + case when c.city ~ '\S' then 5 else 0 end
         + case when c.zipcode ~ '\S' then 3 else 0 end + case when c.country ~ '\S' then 3 else 0 end
         + case when c.description ~ '\S' then 3 else 0 end + case when c.linkedin_url ~ '\S' then 2 else 0 end
         + case when c.sales_id is not null then 2 else 0 end + case when c.revenue ~ '\S' then 1 else 0 end
         + case when c.tax_identifier ~ '\S' then 1 else 0 end), 0)::bigint as points,
       100::bigint as full_points
  from public.companies c
 union all
select 'contacts', count(*),
       coalesce(sum(case when p.first_name ~ '\S' then 20 else 0 end + case when p.last_name ~ '\S' then 20 else 0 end
         + case when p.company_id is not null then 15 else 0 end
         + case when jsonb_typeof(p.email_jsonb) = 'array' and p.email_jsonb <> '[]' then 15 else 0 end
         + case when jsonb_typeof(p.phone_jsonb) = 'array' and p.phone_jsonb <> '[]' then 10 else 0 end
         + case when p.title ~ '\S' then 10 else 0 end + case when p.avatar is not null then 5 else 0 end
         + case when p.first_seen is not null then 5 else 0 end), 0)::bigint, 100
  from public.contacts p
 union all
-- Probability does not exist yet, so a full deal has 95 points.
select 'deals', count(*),
       coalesce(sum(case when d.name ~ '\S' then 25 else 0 end + case when d.company_id is not null then 20 else 0 end
         + case when d.stage ~ '\S' then 15 else 0 end + case when d.amount > 0 then 15 else 0 end
         + case when cardinality(d.contact_ids) > 0 then 10 else 0 end
         + case when d.expected_closing_date is not null then 10 else 0 end), 0)::bigint, 95
  from public.deals d
 union all
select 'contact_notes', count(*),
       coalesce(sum(case when length(btrim(n.text)) > 10 then 70 else 0 end + case when n.sales_id is not null then 20 else 0 end
         + case when n.date is not null then 10 else 0 end), 0)::bigint, 100
  from {contact_notes} n
 union all
select 'deal_notes', count(*),
       coalesce(sum(case when length(btrim(n.text)) > 10 then 70 else 0 end + case when n.sales_id is not null then 20 else 0 end
         + case when n.date is not null then 10 else 0 end), 0)::bigint, 100
  from {deal_notes} n
 union all
select 'tasks', count(*),
       coalesce(sum(case when t.type ~ '\S' then 30 else 0 end + case when t.text ~ '\S' then 25 else 0 end
         + case when t.contact_id is not null then 20 else 0 end + case when t.due_date is not null then 15 else 0 end
         + case when t.sales_id is not null then 10 else 0 end), 0)::bigint, 100
  from public.tasks t
