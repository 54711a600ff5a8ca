-- When and where the catalogue is read. The place: what else than rows of the catalogue decides what a load
-- finds, and what tells this server and its transactions from any other (a restart ends all certainty). The
-- age is that of the transaction $1, as `age(xmin)` counts in this transaction. The probe fails here rather than
-- later where rows do not tell who wrote them.
SELECT
  concat_ws(
    ' ',
    (SELECT oid FROM pg_database WHERE datname = current_database()),
    extract(epoch FROM pg_postmaster_start_time()), pg_is_in_recovery(), inet_server_addr(), inet_server_port(),
    quote_ident(session_user), quote_ident(current_user), version(),
    (
      SELECT string_agg(name || '=' || setting, ' ' ORDER BY name)
      FROM unnest(
        '{bytea_output,DateStyle,extra_float_digits,IntervalStyle,lc_monetary,quote_all_identifiers,
          standard_conforming_strings,TimeZone,transform_null_equals,xmlbinary}'::text[]
      ) AS name, current_setting(name) AS setting
    )
  ) AS place,
  pg_snapshot_xmin(pg_current_snapshot())::text AS horizon,
  pg_snapshot_xmax(pg_current_snapshot())::text AS next,
  age($1::text::xid8::xid) AS age,
  (SELECT age(xmin) FROM pg_class LIMIT 1) AS probe,
  n.oids AS namespace_oids,
  n.names AS namespaces
FROM (
  SELECT array_agg(oid) AS oids, array_agg(nspname::text) AS names
  FROM pg_namespace
  WHERE nspname !~ '^pg_(toast_)?temp_'
) n
