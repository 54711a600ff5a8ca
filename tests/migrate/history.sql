-- The history of a run that is complete.
insert into migration.migration_history (run_id, phase_number, phase_name, status, started_at, completed_at)
select '00000000-0000-0000-0000-0000000000aa', p.number, p.name, 'completed',
       now() - interval '10 minutes' + p.place * interval '1 minute', now() - interval '9 minutes' + p.place * interval '1 minute'
  from unnest(array['1.1', '1.2', '1.3', '1.4', 'cutover'],
              array['foundation', 'contact organisations', 'participants', 'activities', 'cut-over']) with ordinality p (number, name, place);
insert into migration.migration_history (run_id, phase_number, phase_name, status, started_at, completed_at, metadata)
values ('00000000-0000-0000-0000-0000000000aa', 'run', 'migration', 'completed', now() - interval '10 minutes', now() - interval '3 minutes', '{}');
