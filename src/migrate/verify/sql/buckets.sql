-- Rows and checksum per 10,000 ids, of the copy and of the table as it is served under its old name.
select coalesce(b.bucket, a.bucket)::bigint as bucket,
       coalesce(b.rows, 0)::bigint as rows_before,
       coalesce(a.rows, 0)::bigint as rows_after,
       coalesce(b.checksum, 0)::text as checksum_before,
       (b.rows, b.checksum) is not distinct from (a.rows, a.checksum) as is_equal
  from (select t.id / 10000 as bucket, count(*) as rows, sum(hashtextextended(row({columns})::text, 0)) as checksum
          from {copy} t group by 1) b
  full join
       (select t.id / 10000 as bucket, count(*) as rows, sum(hashtextextended(row({columns})::text, 0)) as checksum
          from {live} t group by 1) a on a.bucket = b.bucket
