-- Baseline, functions: the two auth hooks.

-- Every account has a row in sales; the first one ever becomes administrator. Names come from the
-- a missing name fails the NOT NULL, and with it the sign-up.
create function public.handle_new_user() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into public.sales (first_name, last_name, email, user_id, administrator)
  values (new.raw_user_meta_data ->> 'first_name',
          new.raw_user_meta_data ->> 'last_name',
          new.email, new.id, not exists (select from public.sales));
  return new;
end $$;

create function public.handle_update_user() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  update public.sales
     set first_name = new.raw_user_meta_data ->> 'first_name',
         last_name = new.raw_user_meta_data ->> 'last_name',
         email = new.email
   where user_id = new.id;
  return new;
end $$;

create trigger on_auth_user_created after insert on auth.users
  for each row execute function public.handle_new_user();
create trigger on_auth_user_updated after update on auth.users
  for each row execute function public.handle_update_user();
