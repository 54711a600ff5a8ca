with changed as (
  update public.sales s set administrator = $5, disabled = $6
   where s.user_id = $1
  returning to_jsonb(s) as sales),
added as (
  insert into public.sales as s (user_id, email, first_name, last_name, administrator, disabled)
  select $1, $2::text, $3::text, $4::text, $5, $6
   where not exists (select from changed)
  returning to_jsonb(s) as sales)
select sales from changed union all select sales from added
