-- A schema of 5,000 tables, 10,000 foreign keys and 2,000 functions, in the schema `big`. Each table
-- refers to two others: the one before it, and one of the first hundred, which everybody refers to.
create schema big;

select format(
    'create table big.table_%1$s (
       id bigint generated always as identity primary key,
       previous_id bigint, hub_id bigint, name text not null, amount numeric(12, 2) default 0,
       is_open boolean default true, tags text[], data jsonb, created_at timestamptz default now())',
    n)
from generate_series(0, 4999) n
\gexec

select format(
    'alter table big.table_%1$s
       add constraint previous_fk_%1$s foreign key (previous_id) references big.table_%2$s,
       add constraint hub_fk_%1$s foreign key (hub_id) references big.table_%3$s',
    n, (n + 4999) % 5000, n % 100)
from generate_series(0, 4999) n
\gexec

select format(
    'create function big.function_%1$s(a bigint, b text default null, c jsonb default null)
       returns setof big.table_%2$s language sql stable
       as $f$ select * from big.table_%2$s where id = a $f$',
    n, n)
from generate_series(0, 1999) n
\gexec

grant usage on schema big to public;
grant select on all tables in schema big to public;
analyze;
