-- The hooks that keep "sales" in step with auth.users, where they are those of the fork: a user without
-- names fails its NOT NULL columns, so that nobody can be invited by address alone, and a change of the
-- metadata that leaves the names out fails as well. As upstream, a missing name is 'Pending'; unlike
-- upstream, a change without names keeps those that are there. Other hooks stay as they are.
do $outer$
declare
  is_of_the_fork constant boolean := (
    select count(*) = 2
      from pg_catalog.pg_proc p
     where p.pronamespace = 'public'::regnamespace
       and p.proname in ('handle_new_user', 'handle_update_user')
       and position('Pending' in p.prosrc) = 0);
begin
  if not is_of_the_fork or to_regclass('public.sales') is null then
    return;
  end if;
  create or replace function public.handle_new_user() returns trigger
  language plpgsql security definer set search_path = '' as $$
  begin
    insert into public.sales (first_name, last_name, email, user_id, administrator)
    values (coalesce(new.raw_user_meta_data ->> 'first_name',
                     new.raw_user_meta_data #>> '{custom_claims,first_name}', 'Pending'),
            coalesce(new.raw_user_meta_data ->> 'last_name',
                     new.raw_user_meta_data #>> '{custom_claims,last_name}', 'Pending'),
            new.email, new.id, not exists (select from public.sales));
    return new;
  end $$;
  create or replace function public.handle_update_user() returns trigger
  language plpgsql security definer set search_path = '' as $$
  begin
    update public.sales s
       set first_name = coalesce(new.raw_user_meta_data ->> 'first_name',
                                 new.raw_user_meta_data #>> '{custom_claims,first_name}', s.first_name),
           last_name = coalesce(new.raw_user_meta_data ->> 'last_name',
                                new.raw_user_meta_data #>> '{custom_claims,last_name}', s.last_name),
           email = coalesce(new.email, s.email)
     where s.user_id = new.id;
    return new;
  end $$;
end $outer$;
