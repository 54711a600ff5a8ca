-- Rows and checksum per 10,000 ids, of the copy and of the table as it is served under its old name. Rows that
-- others wrote since and that are as they left them ($1) are counted and not compared.
select coalesce(b.bucket, a.bucket)::bigint as bucket,
       coalesce(b.rows, 0)::bigint as rows_before,
       coalesce(a.rows, 0)::bigint as rows_after,
       coalesce(b.checksum, 0)::text as checksum_before,
       (coalesce(b.compared, 0), b.compared_checksum) is not distinct from (coalesce(a.compared, 0), a.compared_checksum) as is_equal
  from (select x.id / 10000 as bucket, count(*) as rows, sum(x.checksum) as checksum,
               count(*) filter (where x.id <> all ($1::bigint[])) as compared,
               sum(x.checksum) filter (where x.id <> all ($1::bigint[])) as compared_checksum
          from (select t.id, hashtextextended(row({columns})::text, 0) as checksum from {copy} t) x group by 1) b
  full join
       (select x.id / 10000 as bucket, count(*) as rows,
               count(*) filter (where x.id <> all ($1::bigint[])) as compared,
               sum(x.checksum) filter (where x.id <> all ($1::bigint[])) as compared_checksum
          from (select t.id, hashtextextended(row({columns})::text, 0) as checksum from {live} t) x group by 1) a on a.bucket = b.bucket
