-- Tables that inherit from those that are put back ($1, as they are called now), and from which of them: a
-- statement on the one goes over the rows of the other as well.
with recursive heir as (
  select i.inhrelid as id, n.at
    from unnest($1::text[]) with ordinality n(name, at)
    join pg_catalog.pg_inherits i on i.inhparent = to_regclass(n.name)
  union
  select i.inhrelid, h.at from heir h join pg_catalog.pg_inherits i on i.inhparent = h.id)
select h.id::regclass::text, h.at::int from heir h order by 1
