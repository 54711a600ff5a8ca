"""Everything that two databases are compared by, as a dictionary from what it is to text.

Rows of every table by number and sum, the catalogue, sequences, and what the engine keeps or may have left:
its history, its progress, objects, recorded moments, capture, locks, maintenance, copies. What differs between
two runs by nature has a common form: their ids, stamps of backups, the moment that stands in for missing dates.
"""
import re
from pathlib import Path

from kill_server import psql

ROOT = Path(__file__).resolve().parents[2]
MOMENT = ("coalesce((select min(h.started_at) from migration.migration_history h where h.phase_number = 'run' "
          "and h.status <> 'rolled_back'), now())")
LEFT_OVER = """
select 'trigger ' || tgname from pg_trigger where tgname like 'migration\\_capture\\_%' and not tgisinternal
union all select 'table ' || c.oid::regclass from pg_class c where c.oid = to_regclass('migration.changed')
union all select 'function ' || p.oid::regprocedure from pg_proc p where p.proname = 'note_change'
union all select 'index ' || indexrelid::regclass from pg_index where not indisvalid or not indisready
union all select 'constraint ' || conname from pg_constraint where not convalidated
union all select 'disabled trigger ' || tgname from pg_trigger where tgenabled = 'D'
union all select 'lock of ' || pid from pg_locks where locktype = 'advisory'
union all select 'prepared ' || gid from pg_prepared_xacts
union all select 'schema ' || nspname from pg_namespace n where nspname ~ '^pg_temp' and exists (select from pg_class c where c.relnamespace = n.oid)
union all select 'database ' || datname from pg_database where datname like 'oppbase%'
union all select 'setting ' || setconfig::text from pg_db_role_setting where setdatabase = (select oid from pg_database where datname = current_database())
order by 1"""
STATE = {
    "history": "select distinct phase_number, coalesce(step, ''), status, case when phase_number <> 'prepare' then rows_affected end, "
               "metadata ->> 'savepoint' from migration.migration_history order by 1, 2, 3, 4, 5",
    "progress": "select phase, step, status, rows_processed, total_rows from migration.migration_progress order by 1, 2, 3",
    "errors": "select phase, step, entity, entity_id, severity, message, count(*) from migration.migration_errors group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 6",
    "objects": "select kind, identity, action from migration.migration_objects order by 1, 2, 3",
    "moments": "select moment, count(*) from migration.migration_catalogue group by 1 order by 1",
    "maintenance": "select is_on from migration.maintenance",
    "migrations": "select version from supabase_migrations.schema_migrations order by 1",
}


def there(database, name):
    return psql(database, f"select to_regclass('{name}') is not null") == "t"


def common(text):
    """Ids of runs and stamps of backups in one form."""
    return re.sub(r"_\d{8}_\d{6}\b", "_STAMP", re.sub(r"rollback_[0-9a-f]{8}", "rollback_RUN", text))


def rows(database, moment, schemas):
    """Number and sum of the rows of every table, in one query."""
    tables = psql(database, "select c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace "
                  f"where n.nspname = any ('{{{','.join(schemas)}}}') and c.relkind in ('r', 'p') order by 1").split("\n")
    parts = [f"select '{table.replace(chr(39), chr(39) * 2)}', count(*), coalesce(sum(hashtextextended((case when r.j ->> 'created_at' = {moment} "
             "then r.j - array['created_at', 'updated_at', 'activity_date', 'relationship_start_date'] else r.j - 'row_version' end)::text, 0)), 0) "
             f"from (select to_jsonb(t) as j from {table} t) r" for table in tables if table]
    return psql(database, " union all ".join(parts) + " order by 1") if parts else ""


def contents(database, with_state=True):
    moment = f"(select to_jsonb({MOMENT}) #>> '{{}}')" if with_state and there(database, "migration.migration_history") else "'never'"
    found = {}
    # The webhooks' tables belong to the server: they come with a run and stay.
    schemas = ("public", "private", "storage", "auth", "net", "extensions", *(["webhooks"] if with_state else []))
    for line in rows(database, moment, schemas).split("\n"):
        table, rest = line.split("|", 1)
        found[f"rows of {table}"] = rest
    found["sequences"] = psql(database, "select schemaname, sequencename, last_value from pg_sequences where schemaname in ('public', 'auth', 'storage') order by 1, 2")
    for name in ("tests/schema/catalogue.sql", "tests/migrate/account.sql"):
        text = (ROOT / name).read_text()
        lines = psql(database, f"select x::text from ({text.strip().rstrip(';')}) x order by 1").split("\n")
        found[name] = "\n".join(line for line in lines if "migration_" not in line and not line.startswith("(sequence,"))
    found["left over"] = psql(database, LEFT_OVER)
    if not with_state:
        return found
    if there(database, "private.stage_map"):
        found["catalogue"] = psql(database, (ROOT / "tests/migrate/catalogue.sql").read_text())
    for name, sql in STATE.items():
        found[name] = psql(database, sql)
    # An attempt that was cut off after its backup leaves that; what counts is that there is one as it should be.
    copies = rows(database, moment, ("crm_backup",)).split("\n")
    found["copies"] = "\n".join(sorted({common(line) for line in copies}))
    return found


def differences(expected, found, at_least=()):
    """Lines that only one has. Sequences in `at_least` may be further on."""
    out = []
    for key in sorted(set(expected) | set(found)):
        was, now = (set(side.get(key, "absent").split("\n")) for side in (expected, found))
        if key in at_least:
            value = lambda lines: {line.rsplit("|", 1)[0]: int(line.rsplit("|", 1)[1] or 0) for line in lines if "|" in line}
            a, b = value(was), value(now)
            out += [f"{key}: {name} {a[name]} -> {b.get(name)}" for name in a if b.get(name, -1) < a[name]]
        elif was != now:
            out.append(f"{key}: expected {sorted(was - now)}, found {sorted(now - was)}")
    return out
