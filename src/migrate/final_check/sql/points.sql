-- Points that the catalogue, the state and the rows answer: (id, holds, proof).
with run as (
  select h.run_id, h.status, h.completed_at from migration.migration_history h
   where h.phase_number = 'run' and h.step is null order by h.id desc limit 1),
phases as (
  select count(*) as done from migration.migration_history h
   where h.run_id = (select run_id from run) and h.step is null and h.status = 'completed'
     and h.phase_number = any (array['1.1', '1.2', '1.3', '1.4'])),
backup as (
  select count(*) as copies,
         count(*) filter (where b.verified_at is null or b.dropped_at is not null
                             or to_regclass('crm_backup.' || quote_ident(b.copy_name)) is null) as unusable,
         min(b.stamp) as stamp
    from migration.migration_backups b
   where b.stamp = (select max(l.stamp) from migration.migration_backups l)),
views as (
  select count(*) as there from pg_catalog.pg_views v
   where v.schemaname = 'public' and v.viewname = any (array['opportunities_summary', 'deals_summary'])),
remembered as (
  select count(*) filter (where p.company_id_backup is not null) as filled,
         count(*) filter (where p.company_id is not null and p.company_id_backup is null
                            and p.id <= (select coalesce(max(m.id), 0) from public.contacts m where m.company_id_backup is not null)) as empty
    from public.contacts p),
junction as (
  select count(*) as wanted, count(r.id) as there
    from public.contacts p
    join public.companies c on c.id = p.company_id
    left join public.contact_organizations r
      on r.contact_id = p.id and r.organization_id = p.company_id and r.is_primary_organization and r.deleted_at is null)
select 'run', coalesce((select r.status = 'completed' from run r), false) and p.done = 4,
       coalesce((select 'run ' || r.run_id || ' is ' || r.status from run r), 'there has been no run') || ', ' || p.done || ' of 4 phases complete'
  from phases p
union all
select 'backup', b.copies > 0 and b.unusable = 0,
       case when b.copies = 0 then 'no backup set is recorded'
            else 'set ' || b.stamp || ': ' || b.copies - b.unusable || ' of ' || b.copies || ' copies usable' end
  from backup b
union all
select 'views', v.there = 2, v.there || ' of 2' from views v
union all
select 'backup_column', r.empty = 0, r.filled || ' filled, ' || r.empty || ' empty beside a company' from remembered r
union all
select 'junction', j.wanted = j.there, j.there || ' of ' || j.wanted from junction j
