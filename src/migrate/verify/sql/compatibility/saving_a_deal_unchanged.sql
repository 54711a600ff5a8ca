-- GetPut: writing back what was read changes nothing, in no column of the table beneath.
do $$
#variable_conflict use_variable
declare
  chosen bigint[] := array(select d.id from public.deals d order by hashtextextended(d.id::text, 42), d.id limit {samples});
  before text[];
  changed bigint[];
begin
  -- Users go on: what one of them saves between the two looks would seem to be ours.
  perform o.id from public.opportunities o where o.id = any (chosen) order by o.id for no key update;
  before := array(select (o.*)::text from public.opportunities o where o.id = any (chosen) order by o.id);
  update public.deals d
     set id = d.id, name = d.name, company_id = d.company_id, contact_ids = d.contact_ids, category = d.category,
         stage = d.stage, description = d.description, amount = d.amount, created_at = d.created_at,
         updated_at = d.updated_at, archived_at = d.archived_at, expected_closing_date = d.expected_closing_date,
         sales_id = d.sales_id, index = d.index
   where d.id = any (chosen);
  changed := array(
    select o.id
      from (select o.id, (o.*)::text as row_text, row_number() over (order by o.id) as place
              from public.opportunities o where o.id = any (chosen)) o
     where o.row_text is distinct from before[o.place] order by o.id);
  if changed <> '{}' then
    raise exception 'saved unchanged, and changed: %', (changed)[1:5];
  end if;
end $$
