-- Writes by others from before the backup on: the row, and its checksum as old clients read it; null when it
-- is gone. Entries of one row are in the order of the writes, since the writer holds the row's lock. With
-- `failure`: a write that could not be noted, and why.
create table migration.trace (
  seq      bigint generated always as identity primary key,
  relation text not null,
  id       bigint not null,
  checksum bigint,
  failure  text
);
alter table migration.trace enable row level security
