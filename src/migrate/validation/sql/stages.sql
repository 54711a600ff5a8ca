-- Every distinct stage text with how many deals have it, the commonest first.
select d.stage, count(*) from public.deals d group by d.stage order by count(*) desc, d.stage collate "C"
