-- Rows that changed while they are carried over. Dropped at the cut-over.
create table if not exists migration.changed (
  seq      bigint generated always as identity primary key,
  relation text not null,
  id       bigint not null
);
alter table migration.changed enable row level security;

-- Runs with the rights of the migration, because the users who write the rows have none here. What is
-- derived from several rows is noted for all of them.
create or replace function migration.note_change() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  kind constant text := tg_argv[0];
begin
  if tg_op = 'TRUNCATE' then
    -- It reaches all that refers to the table, and by then also what was made of rows that stay.
    insert into migration.changed (relation, id)
    select 'companies', t.id from public.companies t
    union all select 'contacts', t.id from public.contacts t
    union all select 'deals', t.id from public.deals t
    union all select 'deal_notes', t.id from private.deal_notes t
    union all select 'contact_notes', t.id from private.contact_notes t
    union all select 'tasks', t.id from public.tasks t;
    return null;
  end if;
  if tg_op = 'DELETE' then
    case kind
      when 'deal_notes' then
        insert into migration.changed (relation, id) values ('deal_notes', old.id), ('deals', old.deal_id);
      when 'contacts' then
        if to_regclass('public.opportunity_contacts') is not null then
          insert into migration.changed (relation, id)
          select 'deals', r.opportunity_id from public.opportunity_contacts r where r.contact_id = old.id;
        end if;
      when 'contact_notes', 'tasks' then
        insert into migration.changed (relation, id) values (kind, old.id);
      else
        null; -- what was made of it goes with it
    end case;
    return old;
  end if;
  insert into migration.changed (relation, id) values (kind, new.id);
  if tg_op = 'UPDATE' and new.id <> old.id then
    insert into migration.changed (relation, id) values (kind, old.id); -- what was made of it has no source
  end if;
  if kind = 'deal_notes' then
    insert into migration.changed (relation, id) values ('deals', new.deal_id);
    if tg_op = 'UPDATE' and new.deal_id <> old.deal_id then
      insert into migration.changed (relation, id) values ('deals', old.deal_id);
    end if;
  elsif tg_op = 'UPDATE' and kind = 'deals' then
    if (new.company_id, new.created_at) is distinct from (old.company_id, old.created_at) then
      insert into migration.changed (relation, id)
      select 'deal_notes', n.id from private.deal_notes n where n.deal_id = new.id;
    end if;
  elsif tg_op = 'UPDATE' and kind = 'contacts' then
    if (new.company_id, new.first_seen) is distinct from (old.company_id, old.first_seen) then
      insert into migration.changed (relation, id)
      select 'contact_notes', n.id from private.contact_notes n where n.contact_id = new.id;
      insert into migration.changed (relation, id)
      select 'tasks', t.id from public.tasks t where t.contact_id = new.id;
    end if;
  end if;
  return new;
end $$;
