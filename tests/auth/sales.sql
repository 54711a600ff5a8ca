-- The CRM's hook: every new user becomes a row of "sales"; a missing name is refused.
create table public.sales (
  id bigint generated always as identity primary key,
  first_name text not null,
  user_id uuid not null references auth.users (id)
);
create function public.handle_new_user() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into public.sales (first_name, user_id)
  values (new.raw_user_meta_data ->> 'first_name', new.id);
  return new;
end $$;
create trigger on_auth_user_created after insert on auth.users
  for each row execute function public.handle_new_user();
