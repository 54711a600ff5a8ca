-- Baseline, functions and triggers: owner defaults, tidy e-mails, avatars and logos, last_seen, files of
-- deleted notes, the auth hooks, merging contacts.

create function public.is_admin() returns boolean
language plpgsql security definer set search_path = '' as $$
begin
  return exists (select from public.sales s where s.user_id = auth.uid() and s.administrator);
end $$;

create function public.get_user_id_by_email(email text) returns table (id uuid)
language plpgsql security definer set search_path to 'public' as $$
begin
  return query select u.id from auth.users u where u.email = $1;
end $$;
revoke all on function public.get_user_id_by_email(text) from public, anon, authenticated;
grant execute on function public.get_user_id_by_email(text) to service_role;

-- A row without an owner belongs to whoever writes it.
create function public.set_sales_id_default() returns trigger
language plpgsql set search_path to 'public' as $$
begin
  new.sales_id := coalesce(new.sales_id, (select s.id from sales s where s.user_id = auth.uid()));
  return new;
end $$;

create function public.lowercase_email_jsonb() returns trigger
language plpgsql set search_path to 'public' as $$
begin
  if new.email_jsonb is not null then
    new.email_jsonb := coalesce(
      (select jsonb_agg(jsonb_set(entry, '{email}', to_jsonb(lower(entry ->> 'email'))) order by place)
         from jsonb_array_elements(new.email_jsonb) with ordinality as e (entry, place)),
      '[]');
  end if;
  return new;
end $$;

-- The icon service wants a bare host name: no scheme, no user, no "www.", no port or path.
create function public.get_domain_favicon(domain_name text) returns text
language plpgsql set search_path to 'public' as $$
declare
  host text := substring(regexp_replace(domain_name, '^(https?://)?([^@/\n]+@)?(www\.)?', '', 'i') from '^[^:/?\n]+');
begin
  if exists (select from favicons_excluded_domains f where f.domain = domain_name) then
    return null;
  end if;
  return 'https://favicon.show/' || host;
end $$;

-- NULL when nothing is found; never a made-up address.
create function public.get_avatar_for_email(email text) returns text
language plpgsql set search_path to 'public' as $$
declare
  gravatar text := 'https://www.gravatar.com/avatar/' || encode(extensions.digest(email, 'sha256'), 'hex') || '?d=404';
begin
  begin
    if (select answer.status from extensions.http_get(gravatar) answer) = 200 then
      return gravatar;
    end if;
  exception when others then
    null; -- no network: an icon of the domain will do
  end;
  return get_domain_favicon(split_part(email, '@', 2));
end $$;

create function public.handle_contact_saved() returns trigger
language plpgsql set search_path to 'public' as $$
declare
  address text;
  picture text;
begin
  if new.avatar is not null or new.email_jsonb is null or jsonb_typeof(new.email_jsonb) <> 'array' then
    return new;
  end if;
  for address in select e ->> 'email' from jsonb_array_elements(new.email_jsonb) e loop
    picture := get_avatar_for_email(address);
    exit when picture is not null;
  end loop;
  if picture is not null then
    new.avatar := jsonb_build_object('src', picture);
  end if;
  return new;
end $$;

create function public.handle_company_saved() returns trigger
language plpgsql set search_path to 'public' as $$
declare
  icon text;
begin
  if new.logo is null and new.website is not null then
    icon := get_domain_favicon(new.website);
    if icon is not null then
      new.logo := jsonb_build_object('src', icon, 'title', 'Company favicon');
    end if;
  end if;
  return new;
end $$;

create function public.handle_contact_note_created_or_updated() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  update public.contacts set last_seen = new.date where id = new.contact_id and last_seen < new.date;
  return new;
end $$;

-- The clean-up endpoint stands beside the issuer of the caller's token. Loopback hosts are reached
-- through the name that containers use for their host.
create function public.get_note_attachments_function_url() returns text
language plpgsql set search_path to 'public' as $$
declare
  issuer text := rtrim(coalesce(
    nullif(current_setting('request.jwt.claim.iss', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'iss', ''), '/');
  base text := 'http://host.docker.internal:54321';
begin
  if issuer like '%/auth/v1' then
    base := regexp_replace(left(issuer, -length('/auth/v1')),
                           '^http://(127\.0\.0\.1|localhost):', 'http://host.docker.internal:');
  end if;
  return base || '/functions/v1/delete_note_attachments';
end $$;

create function public.cleanup_note_attachments() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  token text := nullif(current_setting('request.headers', true), '')::jsonb ->> 'authorization';
begin
  if coalesce(token, '') <> '' then
    perform net.http_post(
      url => public.get_note_attachments_function_url(),
      body => jsonb_build_object('type', tg_op,
                                 'record', case when tg_op = 'DELETE' then null else to_jsonb(new) end,
                                 'old_record', to_jsonb(old)),
      headers => jsonb_build_object('Content-Type', 'application/json', 'Authorization', token),
      timeout_milliseconds => 10000);
  end if;
  if tg_op = 'DELETE' then
    return old;
  end if;
  return new;
end $$;

create trigger set_company_sales_id_trigger before insert on public.companies
  for each row execute function public.set_sales_id_default();
create trigger set_contact_sales_id_trigger before insert on public.contacts
  for each row execute function public.set_sales_id_default();
create trigger set_contact_notes_sales_id_trigger before insert on public.contact_notes
  for each row execute function public.set_sales_id_default();
create trigger set_deal_sales_id_trigger before insert on public.deals
  for each row execute function public.set_sales_id_default();
create trigger set_deal_notes_sales_id_trigger before insert on public.deal_notes
  for each row execute function public.set_sales_id_default();
create trigger set_task_sales_id_trigger before insert on public.tasks
  for each row execute function public.set_sales_id_default();
create trigger company_saved before insert or update on public.companies
  for each row execute function public.handle_company_saved();
-- Triggers fire in the order of their names: first tidy the addresses, then look for a picture.
create trigger "10_lowercase_contact_emails" before insert or update on public.contacts
  for each row execute function public.lowercase_email_jsonb();
create trigger "20_contact_saved" before insert or update on public.contacts
  for each row execute function public.handle_contact_saved();
create trigger on_public_contact_notes_created_or_updated after insert on public.contact_notes
  for each row execute function public.handle_contact_note_created_or_updated();
create trigger on_contact_notes_attachments_updated_delete_note_attachments after update on public.contact_notes
  for each row when (old.attachments is distinct from new.attachments)
  execute function public.cleanup_note_attachments();
create trigger on_contact_notes_deleted_delete_note_attachments after delete on public.contact_notes
  for each row execute function public.cleanup_note_attachments();
create trigger on_deal_notes_attachments_updated_delete_note_attachments after update on public.deal_notes
  for each row when (old.attachments is distinct from new.attachments)
  execute function public.cleanup_note_attachments();
create trigger on_deal_notes_deleted_delete_note_attachments after delete on public.deal_notes
  for each row execute function public.cleanup_note_attachments();

-- Every account has a row in sales; the first one ever becomes administrator. Names come from the
-- a missing name becomes 'Pending'.
create function public.handle_new_user() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into public.sales (first_name, last_name, email, user_id, administrator)
  values (coalesce(new.raw_user_meta_data ->> 'first_name', new.raw_user_meta_data #>> '{custom_claims,first_name}', 'Pending'),
          coalesce(new.raw_user_meta_data ->> 'last_name', new.raw_user_meta_data #>> '{custom_claims,last_name}', 'Pending'),
          new.email, new.id, not exists (select from public.sales));
  return new;
end $$;

create function public.handle_update_user() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  update public.sales
     set first_name = coalesce(new.raw_user_meta_data ->> 'first_name', new.raw_user_meta_data #>> '{custom_claims,first_name}', 'Pending'),
         last_name = coalesce(new.raw_user_meta_data ->> 'last_name', new.raw_user_meta_data #>> '{custom_claims,last_name}', 'Pending'),
         email = new.email
   where user_id = new.id;
  return new;
end $$;

create trigger on_auth_user_created after insert on auth.users
  for each row execute function public.handle_new_user();
create trigger on_auth_user_updated after update on auth.users
  for each row execute function public.handle_update_user();

-- Two contacts become one: notes, tasks and deals go to the winner, the winner's gaps are filled from the
-- loser, and the loser is deleted.
create function public.merge_contacts(loser_id bigint, winner_id bigint) returns bigint
language plpgsql set search_path to 'public' as $$
declare
  winner contacts%rowtype;
  loser contacts%rowtype;
begin
  select * into winner from contacts where id = winner_id;
  select * into loser from contacts where id = loser_id;
  if winner.id is null or loser.id is null then
    raise exception 'Contact not found';
  end if;
  update tasks t set contact_id = winner_id where t.contact_id = loser_id;
  update contact_notes n set contact_id = winner_id where n.contact_id = loser_id;
  update deals d
     set contact_ids = (select array_agg(k.id order by k.place)
                          from (select u.id, min(u.place) as place
                                  from unnest(array_replace(d.contact_ids, loser_id, winner_id)) with ordinality u (id, place)
                                 group by u.id) k)
   where d.contact_ids @> array[loser_id];
  update contacts c
     set avatar = coalesce(winner.avatar, loser.avatar),
         gender = coalesce(winner.gender, loser.gender),
         first_name = coalesce(winner.first_name, loser.first_name),
         last_name = coalesce(winner.last_name, loser.last_name),
         title = coalesce(winner.title, loser.title),
         company_id = coalesce(winner.company_id, loser.company_id),
         linkedin_url = coalesce(winner.linkedin_url, loser.linkedin_url),
         background = coalesce(winner.background, loser.background),
         has_newsletter = coalesce(winner.has_newsletter, loser.has_newsletter),
         first_seen = least(winner.first_seen, loser.first_seen),
         last_seen = greatest(winner.last_seen, loser.last_seen),
         sales_id = coalesce(winner.sales_id, loser.sales_id),
         tags = array(select distinct t from unnest(winner.tags || loser.tags) t order by t),
         email_jsonb = coalesce((
           select jsonb_agg(e.entry order by e.entry ->> 'email')
             from (select distinct on (x.entry ->> 'email') x.entry
                     from jsonb_array_elements(coalesce(winner.email_jsonb, '[]') || coalesce(loser.email_jsonb, '[]'))
                          with ordinality x (entry, place)
                    order by x.entry ->> 'email', x.place) e), '[]'),
         phone_jsonb = coalesce((
           select jsonb_agg(e.entry order by e.entry ->> 'number')
             from (select distinct on (x.entry ->> 'number') x.entry
                     from jsonb_array_elements(coalesce(winner.phone_jsonb, '[]') || coalesce(loser.phone_jsonb, '[]'))
                          with ordinality x (entry, place)
                    order by x.entry ->> 'number', x.place) e), '[]')
   where c.id = winner_id;
  delete from contacts c where c.id = loser_id;
  return winner_id;
end $$;
