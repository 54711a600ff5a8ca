update public.sales s
   set avatar = coalesce($2::jsonb, s.avatar),
       administrator = coalesce($3::boolean, s.administrator),
       disabled = coalesce($4::boolean, s.disabled)
 where s.user_id = $1
returning to_jsonb(s) as sales
