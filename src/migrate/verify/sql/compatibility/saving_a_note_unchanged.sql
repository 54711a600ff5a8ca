-- GetPut under each of the five names of notes.
do $$
#variable_conflict use_variable
declare
  before text[];
  after text[];
begin
  -- Users go on: what one of them saves between the two looks would seem to be ours.
  perform n.id from public."opportunityNotes" n order by n.id limit {samples} for no key update;
  perform n.id from public.contact_notes n order by n.id limit {samples} for no key update;
  before := array(select (n.*)::text from public."opportunityNotes" n order by n.id limit {samples});
  update public."dealNotes" n set deal_id = n.deal_id, type = n.type, text = n.text, date = n.date, sales_id = n.sales_id, attachments = n.attachments
   where n.id = any (array(select x.id from public."dealNotes" x order by x.id limit {samples}));
  update public.deal_notes n set deal_id = n.deal_id, type = n.type, text = n.text, date = n.date, sales_id = n.sales_id, attachments = n.attachments
   where n.id = any (array(select x.id from public.deal_notes x order by x.id limit {samples}));
  update public.opportunity_notes n set opportunity_id = n.opportunity_id, text = n.text, attachments = n.attachments
   where n.id = any (array(select x.id from public.opportunity_notes x order by x.id limit {samples}));
  after := array(select (n.*)::text from public."opportunityNotes" n order by n.id limit {samples});
  if before is distinct from after then
    raise exception 'saving notes of deals unchanged changed some';
  end if;
  before := array(select (n.*)::text from public.contact_notes n order by n.id limit {samples});
  update public."contactNotes" n set contact_id = n.contact_id, text = n.text, date = n.date, status = n.status, attachments = n.attachments
   where n.id = any (array(select x.id from public."contactNotes" x order by x.id limit {samples}));
  update public.contact_notes n set contact_id = n.contact_id, text = n.text, date = n.date, status = n.status, attachments = n.attachments
   where n.id = any (array(select x.id from public.contact_notes x order by x.id limit {samples}));
  after := array(select (n.*)::text from public.contact_notes n order by n.id limit {samples});
  if before is distinct from after then
    raise exception 'saving notes of contacts unchanged changed some';
  end if;
end $$
