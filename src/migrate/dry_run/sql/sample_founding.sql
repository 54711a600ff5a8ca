-- A sample of the work of founding: at most 10,000 rows.
select distinct on (n.deal_id) n.deal_id, n.id
  from (select * from {deal_notes} order by id limit 10000) n
 order by n.deal_id, n.date, n.id
