create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations
  (version text not null primary key, statements text[], name text);
create table if not exists supabase_migrations.seed_files
  (path text not null primary key, hash text not null);
