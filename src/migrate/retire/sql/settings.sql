-- What the database says of the end of the old names: settings of the servers' login role $1 whose names are in
-- $2. One for this database wins over one for all.
select distinct on (split_part(c.setting, '=', 1))
       substr(split_part(c.setting, '=', 1), length('pgrst.') + 1), substr(c.setting, strpos(c.setting, '=') + 1)
  from pg_catalog.pg_db_role_setting s
  join pg_catalog.pg_roles r on r.oid = s.setrole
  left join pg_catalog.pg_database d on d.oid = s.setdatabase
 cross join lateral unnest(s.setconfig) c (setting)
 where r.rolname = $1 and (s.setdatabase = 0 or d.datname = current_database())
   and split_part(c.setting, '=', 1) = any ($2)
 order by split_part(c.setting, '=', 1), s.setdatabase <> 0 desc
