-- F8. Deals with a stage that neither the table nor the operator's map knows.
select 'deals' as entity, d.id
  from public.deals d
 where d.stage = any (array(select jsonb_array_elements_text(current_setting('migration.unknown_stages')::jsonb)))
