-- Writes by others from before the backup on: the row, and a checksum per column as old clients read it; null
-- when it is gone. Entries of one row are in the order of the writes, since the writer holds the row's lock.
-- With `failure`: a write that could not be noted, and why; of a `truncate` the id is 0.
create table migration.trace (
  seq       bigint generated always as identity primary key,
  relation  text not null,
  id        bigint not null,
  checksums jsonb,
  failure   text
);
alter table migration.trace enable row level security
