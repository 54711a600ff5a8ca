with known as (
  select c.id
    from public.companies c
   where c.website::text = $1::text or c.name = $2::text or c.name = $3::text
   order by c.website::text is not distinct from $1::text desc, c.id
   limit 1),
added as (
  insert into public.companies (name, website, sales_id)
  select $2, $1, $4::bigint
   where not exists (select from known)
  returning id)
select id from known union all select id from added
