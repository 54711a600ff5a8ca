-- F8. Deals with an empty stage.
select 'deals' as entity, d.id from public.deals d where coalesce(d.stage, '') !~ '\S'
