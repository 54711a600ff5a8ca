#!/usr/bin/env python3
"""Cuts a migration off at random instants, resumes it, and compares the result with an uninterrupted run.

    oppbase cluster -- python3 tests/bench/kill_matrix.py 200 [--seed 1]

Per attempt one of three: the program is killed (SIGKILL), its PostgreSQL backends are terminated, or one of
them is killed, which makes the whole server crash and recover. Half of the attempts are cut off again while
they resume. Both baselines take turns. Ends with 1 when a result differs. OPPBASE_BINARY names another build;
PGHOST, PGPORT and PGUSER name a server that may be crashed.
"""
import argparse, collections, os, random, subprocess, sys, tempfile, time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("OPPBASE_BINARY", str(ROOT / "target/debug/oppbase"))
SERVER = f"{os.environ['PGUSER']}@{os.environ['PGHOST']}:{os.environ['PGPORT']}"
SLOWLY = ["--batch-size", "3", "--pause", "3ms"]
MOMENT = "coalesce((select min(h.started_at) from migration.migration_history h where h.phase_number = 'run'), now())"


def psql(database, sql=None, files=()):
    command = ["psql", "-qXAt", "-v", "ON_ERROR_STOP=1", "-d", database, "-1"]
    for file in files:
        command += ["-f", str(file)]
    if sql is not None:
        command += ["-c", sql]
    for attempt in range(100):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 0:
            return done.stdout.strip()
        crashed = any(word in done.stderr for word in ("recovery mode", "starting up", "refused", "closed the connection", "accepting",
                                                        "terminat", "shutting down", "server process"))
        if not crashed:
            raise SystemExit(f"{command}: {done.stderr}")
        time.sleep(0.1)
    raise SystemExit("the server does not come back")


def recreate(database, template):
    for statement in (f"drop database if exists {database} with (force)", f"create database {database} template {template}"):
        subprocess.run(["psql", "-qXd", "postgres", "-c", statement], check=True, capture_output=True)


def make_base(variant):
    base = f"kill_base_{variant}"
    recreate(base, "template0")
    files = sorted(ROOT.glob("migrations/20261101*.sql")) + sorted(ROOT.glob(f"migrations/baseline/{variant}/*.sql"))
    psql(base, files=files + [ROOT / "tests/schema/rows.sql"])
    return base


def contents(database):
    tables = psql(database, "select c.oid::regclass from pg_class c where c.relnamespace = any "
                  "(array['public', 'private', 'storage']::regnamespace[]) and c.relkind = 'r' order by 1").split("\n")
    found = [psql(database, "select sequencename, last_value from pg_sequences where schemaname = 'public' order by 1"),
             psql(database, (ROOT / "tests/migrate/catalogue.sql").read_text())]
    for table in tables:
        found.append(psql(database, f"select '{table}', count(*), coalesce(sum(hashtextextended((case when "
                          f"(r.j ->> 'created_at')::timestamptz = {MOMENT} then r.j - array['created_at', 'updated_at', "
                          f"'activity_date', 'relationship_start_date'] else r.j end)::text, 0)), 0) "
                          f"from (select to_jsonb(t) as j from {table} t) r"))
    return found


def migrate(database, folder, *arguments):
    return subprocess.Popen([BINARY, "migrate", "run", "--yes", "--skip-verify", "--no-dump", "bench", "--accept-findings", "bench", "--database-url", f"postgresql://{SERVER}/{database}",
                             *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def backends(database):
    return psql("postgres", f"select pid from pg_stat_activity where datname = '{database}' "
                "and application_name like 'oppbase-migrate%'").split()


def cut_off(database, folder, way, after, resume):
    """True when the run had not ended by itself before."""
    child = migrate(database, folder, *SLOWLY, *(["--resume"] if resume else []))
    try:
        child.wait(after)
        return False
    except subprocess.TimeoutExpired:
        pass
    if way == "process":
        child.kill()
    elif way == "backends":
        psql("postgres", f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'")
    else:
        for pid in backends(database)[:1]:
            subprocess.run(["kill", "-9", pid], capture_output=True)
    child.wait(60)
    child.stderr.read()
    return True


def has_run(database):
    return psql(database, "select to_regclass('migration.migration_history') is not null") == "t" and \
        psql(database, "select count(*) from migration.migration_history where phase_number = 'run'") != "0"


def to_the_end(database, folder):
    while backends(database):
        time.sleep(0.02)
    child = migrate(database, folder, "--pause", "0", *(["--resume"] if has_run(database) else []))
    said = child.communicate(timeout=120)[1].decode()
    if child.returncode != 0:
        raise SystemExit(f"{database}: resuming ended with {child.returncode}: {said}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("attempts", type=int)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    folder = tempfile.mkdtemp()
    expected, whole = {}, {}
    for variant in ("fork", "upstream"):
        base = make_base(variant)
        recreate("kill_reference", base)
        begun = time.time()
        child = migrate("kill_reference", folder, *SLOWLY)
        said = child.communicate()[1].decode()
        assert child.returncode == 0, said
        whole[variant] = time.time() - begun
        expected[variant] = contents("kill_reference")
        psql("postgres", "select 1")
        subprocess.run(["psql", "-qXd", "postgres", "-c", "drop database kill_reference with (force)"], check=True)
    cuts, wrong = collections.Counter(), 0
    for attempt in range(options.attempts):
        variant = ("fork", "upstream")[attempt % 2]
        recreate("kill_target", f"kill_base_{variant}")
        way = chance.choice(["process", "process", "backends", "server"])
        after = chance.uniform(0.02, 1.0) * whole[variant]
        if cut_off("kill_target", folder, way, after, False):
            cuts[way] += 1
            while chance.random() < 0.5 and has_run("kill_target"):
                while backends("kill_target"):
                    time.sleep(0.02)
                again = chance.choice(["process", "backends", "server"])
                cuts[again] += cut_off("kill_target", folder, again, chance.uniform(0.02, 0.8) * whole[variant], True)
        else:
            cuts["none"] += 1
        to_the_end("kill_target", folder)
        found = contents("kill_target")
        if found != expected[variant]:
            wrong += 1
            print(f"attempt {attempt}: {variant} cut off by {way} after {after:.2f} s differs:")
            for a, b in zip(expected[variant], found):
                if a != b:
                    print("  expected", set(a.split("\n")) - set(b.split("\n")), "found", set(b.split("\n")) - set(a.split("\n")))
        if attempt % 20 == 19:
            print(f"{attempt + 1} attempts, {wrong} wrong, cuts {dict(cuts)}", flush=True)
    print(f"{options.attempts} attempts on a run of {whole['fork']:.1f} / {whole['upstream']:.1f} s, cuts {dict(cuts)}: {wrong} wrong")
    sys.exit(wrong > 0)


main()
