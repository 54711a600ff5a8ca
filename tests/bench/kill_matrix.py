#!/usr/bin/env python3
"""Cuts a migration, or a rollback, off at random instants, goes on, and compares with one that was not cut off.

    oppbase cluster -- python3 tests/bench/kill_matrix.py 200 [--of run|rollback|start] [--seed 1]

Four ways to cut off: SIGKILL to the program; its connections terminated; one of its backends killed, which makes
the whole server crash and recover; the server's main process killed and started again. Half of the attempts are
cut off again while they go on, and half go on at once, before PostgreSQL has noticed. Both baselines take turns.

run       every fourth attempt with pg_dump and the verification
rollback  in turn: structural and to the backup after work in old and new words; structural from a run that was
          itself cut off, compared with the database before it; one phase after another
start     pairs at the same instant: as many times two runs, and for each five of them two resumes, two
          rollbacks, a run and a rollback

First the comparison is shown to see damage. Ends with 1 when a result differs. OPPBASE_BINARY names another build.
"""
import argparse, collections, os, random, re, subprocess, sys, tempfile, time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from kill_contents import ROOT, contents, differences, there
from kill_server import URL, Server, cut, psql, recreate, sessions

BINARY = os.environ.get("OPPBASE_BINARY", str(ROOT / "target/debug/oppbase"))
SLOWLY = ["--batch-size", "3", "--pause", "3ms"]
WAYS = ["process", "process", "connections", "backend", "server"]
QUICK = ["--skip-verify", "--no-dump", "bench"]
VARIANTS = ("fork", "upstream")
NOTES = {"fork": 'public."dealNotes"', "upstream": "public.deal_notes"}
# Rows with numbers of their own, so that those that come later have others.
PREPARE = """
select setval(s.oid, 100000) from pg_class s where s.relkind = 'S' and s.relnamespace = 'public'::regnamespace;
insert into public.deals (id, name, company_id, contact_ids, stage, created_at, updated_at, index)
select i, 'Bulk ' || i, 1 + i % 4, array[1 + i % 5], (array['won', 'lost', 'opportunity'])[1 + i % 3], '2024-01-01', '2024-01-01', 1
  from generate_series(2000, 2030) i;"""
# In old and new words.
WORK_SINCE = """
insert into public.deals (name, stage, company_id, contact_ids, sales_id) values ('Old words', 'won', 2, '{1,2}', 1);
update public.deals set stage = 'lost' where id = 3;
insert into NOTES (deal_id, text, sales_id) values (4, 'A note in old words', 1);
insert into public.opportunities (name, company_id, contact_ids, stage, sales_id) values ('New words', 2, '{3}', 'negotiation', 1);
update public.opportunities set stage = 'closed_won', competition = 'nobody' where id = 2;
insert into public."opportunityNotes" (opportunity_id, text, sales_id) values (3, 'A new note', 1);
update public.contact_organizations set is_primary_organization = false where contact_id = 3;
insert into public.contact_organizations (contact_id, organization_id, is_primary_organization) values (3, 4, true);
select public.log_engagement('call', 'A call of the new days', 'x', 1);
delete from public.opportunities where id = 5;
insert into public.contacts (first_name, company_id, department) values ('Newcomer', 1, 'Sales');
update public.tasks set text = text || ' later' where id = 1;"""
DAMAGE = {
    "a row": "update public.opportunities set description = 'x' where id = 2",
    "a row less": "delete from public.activities where id = (select max(id) from public.activities)",
    "a user": "update auth.users set email = 'x@y.example' where id = (select min(id::text)::uuid from auth.users)",
    "an index": "drop index public.contact_organizations_live_pair",
    "a disabled trigger": "alter table public.opportunities disable trigger all",
    "a policy": "alter table public.activities disable row level security",
    "a sequence": "select setval('public.opportunities_id_seq', 777)",
    "an unfinished step": "update migration.migration_history set status = 'in_progress' where id = (select max(id) from migration.migration_history)",
    "a copy": "do $$ declare t text; begin select oid::regclass into t from pg_class where relname like 'companies_backup%'; execute 'update ' || t || ' set name = ''x'' where id = 1'; end $$",
    "capture left on": "create table migration.changed (x int)",
    "writers kept out": "insert into migration.maintenance (is_on, retry_after_s) values (true, 1) on conflict (only_row) do update set is_on = true",
}


class Bench:
    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.folder = tempfile.mkdtemp()
        self.server = Server()
        self.cuts, self.places, self.wrong = collections.Counter(), collections.Counter(), 0

    def start(self, database, *arguments):
        command = [BINARY, "migrate", *arguments, "--yes", "--database-url", f"{URL}/{database}"]
        return subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finish(self, database, arguments, codes=(0,)):
        """Runs it to its end. While another is at work (4) or the server recovers (3), again."""
        for _ in range(200):
            child = self.start(database, *arguments)
            out, said = (text.decode() for text in child.communicate(timeout=240))
            if child.returncode in codes:
                return child.returncode, out
            recovers = child.returncode == 3 and "cannot connect" in said or child.returncode == 1 and "connection closed" in said
            if child.returncode != 4 and not recovers:
                raise SystemExit(f"{database}: {arguments} ended with {child.returncode}: {said}")
            time.sleep(0.05)
        raise SystemExit(f"{database}: {arguments} does not end: {said}")

    def cut_off(self, database, arguments, longest):
        """Starts it and cuts it off. False when it had ended by itself before."""
        way, after = self.chance.choice(WAYS), self.chance.uniform(0.01, 1.0) * longest
        child = self.start(database, *arguments, *SLOWLY)
        try:
            child.wait(after)
            child.communicate()
            return False
        except subprocess.TimeoutExpired:
            pass
        place = where(database)
        cut(self.server, database, child, way)
        said = child.communicate(timeout=120)[1].decode()
        if child.returncode not in (0, 4, -9) and not (child.returncode in (1, 3) and "hint: " in said):
            raise SystemExit(f"{database}: cut off ({way}) it ended with {child.returncode}: {said}")
        self.cuts[way] += 1
        self.places[place] += 1
        if self.chance.random() < 0.5:
            while sessions(database):
                time.sleep(0.02)
        return True

    def compare(self, number, what, expected, found, at_least=()):
        differ = differences(expected, found, at_least)
        if differ:
            self.wrong += 1
            print(f"attempt {number}: {what} differs:", *differ, sep="\n  ", flush=True)

    def tell(self, number):
        if number % 20 == 19:
            print(f"{number + 1} attempts, {self.wrong} wrong, cuts {dict(self.cuts)}", flush=True)

    def end(self, attempts, what):
        print(f"{attempts} attempts, {sum(self.cuts.values())} cuts {dict(self.cuts)}: {self.wrong} wrong; {what}")
        for place, count in sorted(self.places.items()):
            print(f"  {count:4} at {place}")
        sys.exit(self.wrong > 0)


def where(database):
    """Where the program is at this instant."""
    if not there(database, "migration.migration_history"):
        return "run: before the first record" if sessions(database) else "run: before the connection"
    undone = psql(database, "select status from migration.migration_history where phase_number = 'rollback' order by id desc limit 1")
    if undone:
        if undone == "completed":
            return "rollback: after the transaction"
        held = psql(database, "select count(*) from pg_locks l join pg_stat_activity a using (pid) where a.datname = current_database() and "
                    "a.application_name like 'oppbase-migrate%' and l.mode = 'AccessExclusiveLock' and l.locktype = 'relation'") != "0"
        return "rollback: in the transaction" if held else "rollback: copying"
    run = psql(database, "select status from migration.migration_history where phase_number = 'run' order by id desc limit 1")
    if not run:
        return "run: validation and backup"
    step = psql(database, "select phase_number || ' ' || coalesce(step, '') from migration.migration_history where status = 'in_progress' "
                "and phase_number <> 'run' order by id desc limit 1")
    if run == "completed":
        return "rollback: before its record" if "rollback" in database else "run: after the end"
    done = psql(database, "select phase_number = 'cutover' from migration.migration_history order by id desc limit 1") == "t"
    return f"run: {step}" if step else "run: verification and record" if done else "run: between two steps"


def has_run(database):
    return there(database, "migration.migration_history") and \
        psql(database, "select count(*) from migration.migration_history where phase_number = 'run' and status <> 'rolled_back'") != "0"


def run_arguments(database, how):
    return ["run", "--accept-findings", "bench", *how, *(["--resume"] if has_run(database) else [])]


def make_base(variant):
    base = f"kill_base_{variant}"
    recreate(base, "template0")
    files = sorted(ROOT.glob("migrations/20261101*.sql")) + sorted(ROOT.glob(f"migrations/baseline/{variant}/*.sql"))
    psql(base, files=files + [ROOT / "tests/schema/rows.sql"])
    psql(base, PREPARE)
    return base


def uninterrupted(bench, database, template, arguments):
    """A clone, the command on it, and how long that took."""
    recreate(database, template)
    begun = time.time()
    bench.finish(database, [*arguments, *SLOWLY])
    return time.time() - begun


def show_that_damage_is_seen(database, expected):
    for what, sql in DAMAGE.items():
        recreate("kill_damaged", database)
        psql("kill_damaged", sql)
        if not differences(expected, contents("kill_damaged")):
            raise SystemExit(f"the comparison does not see {what}")
    recreate("kill_damaged", "template0")
    print(f"the comparison sees {', '.join(DAMAGE)}", flush=True)


def of_run(bench, attempts):
    expected, whole = {}, {}
    for variant in VARIANTS:
        base = make_base(variant)
        for full in (False, True):
            how = ["--pg-dump", pg_dump()] if full else QUICK
            whole[variant, full] = uninterrupted(bench, "kill_reference", base, ["run", "--accept-findings", "bench", *how])
            expected[variant, full] = contents("kill_reference")
            if variant == "fork" and not full:
                show_that_damage_is_seen("kill_reference", expected[variant, full])
    for number in range(attempts):
        variant, full = VARIANTS[number % 2], number % 8 in (2, 3)
        how = ["--pg-dump", pg_dump()] if full else QUICK
        recreate("kill_target", f"kill_base_{variant}")
        again = bench.cut_off("kill_target", run_arguments("kill_target", how), whole[variant, full])
        while again and bench.chance.random() < 0.5:
            bench.cut_off("kill_target", run_arguments("kill_target", how), 0.8 * whole[variant, full])
        bench.finish("kill_target", [*run_arguments("kill_target", how), "--pause", "0"])
        # The verification takes numbers, each time, and uses none.
        bench.compare(number, f"{variant}{' verified' if full else ''}", expected[variant, full], contents("kill_target"),
                      ("sequences",) if full else ())
        bench.tell(number)
    bench.end(attempts, "runs of " + ", ".join(f"{seconds:.1f}" for seconds in whole.values()) + " s")


def pg_dump():
    folder = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True)
    path = Path(folder.stdout.strip()) / "pg_dump"
    return str(path) if folder.returncode == 0 and path.exists() else "pg_dump"


HOW_BACK = {"structural": [], "backup": ["--to", "backup", "--remove-later-rows"]}


def of_rollback(bench, attempts):
    expected, whole, before = {}, {}, {}
    for variant in VARIANTS:
        base = make_base(variant)
        before[variant] = contents(base, with_state=False)
        migrated = f"kill_rollback_{variant}"
        whole[variant, "run"] = uninterrupted(bench, migrated, base, ["run", "--accept-findings", "bench", *QUICK])
        # Nothing written: as before to the last fact.
        uninterrupted(bench, "kill_reference", migrated, ["rollback"])
        bench.compare("reference", f"{variant} there and back", before[variant], contents("kill_reference", with_state=False))
        psql(migrated, WORK_SINCE.replace("NOTES", NOTES[variant]))
        for to, arguments in HOW_BACK.items():
            whole[variant, to] = uninterrupted(bench, "kill_reference", migrated, ["rollback", *arguments])
            expected[variant, to] = contents("kill_reference")
        differ = differences(before[variant], contents("kill_reference", with_state=False), ("sequences",))
        if differ:
            raise SystemExit(f"{variant}: to the backup is not as before: {differ}")
    for number in range(attempts):
        variant, mode = VARIANTS[number % 2], ("structural", "backup", "middle", "structural", "backup", "phases")[number // 2 % 6]
        database = "kill_rollback"
        if mode == "middle":
            recreate(database, f"kill_base_{variant}")
            if bench.cut_off(database, run_arguments(database, QUICK), whole[variant, "run"]):
                wait_for_nobody(database)
        else:
            recreate(database, f"kill_rollback_{variant}")
        if mode == "phases":
            for phase in ("1.4", "1.2"):
                go_back(bench, database, ["rollback", "--phase", phase], whole[variant, "structural"])
            go_back(bench, database, ["rollback"], whole[variant, "structural"])
            # The rows are those of one structural rollback; what is kept aside is in several archives.
            found = contents(database)
            skip = ("copies", "history", "progress", "moments", "sequences")
            bench.compare(number, f"{variant} phase by phase", without(expected[variant, "structural"], skip), without(found, skip))
        else:
            arguments = ["rollback", *HOW_BACK.get(mode, [])]
            go_back(bench, database, arguments, whole[variant, "structural" if mode == "middle" else mode])
            if mode == "middle":
                bench.compare(number, f"{variant} from the middle", before[variant], contents(database, with_state=False), ("sequences",))
            else:
                bench.compare(number, f"{variant} {mode}", expected[variant, mode], contents(database))
        bench.tell(number)
    bench.end(attempts, "rollbacks of " + ", ".join(f"{seconds:.1f}" for (_, what), seconds in whole.items() if what != "run") + " s")


def without(found, keys):
    return {key: text for key, text in found.items() if key not in keys}


def go_back(bench, database, arguments, longest):
    again = bench.cut_off(database, arguments, longest)
    while again and bench.chance.random() < 0.5:
        bench.cut_off(database, arguments, longest)
    bench.finish(database, [*arguments, "--pause", "0"])


def wait_for_nobody(database):
    while sessions(database):
        time.sleep(0.02)


def of_start(bench, attempts):
    migrated, back = {}, {}
    for variant in VARIANTS:
        base = make_base(variant)
        for database, template, arguments in ((f"kill_rollback_{variant}", base, ["run", "--accept-findings", "bench", *QUICK]),
                                              ("kill_reference", f"kill_rollback_{variant}", ["rollback"])):
            uninterrupted(bench, database, template, arguments)
            (migrated if database != "kill_reference" else back)[variant] = contents(database)
    tally = collections.Counter()
    kinds = ["run"] * attempts + ["resume", "rollback", "both"] * max(attempts // 5, 1)
    for number, kind in enumerate(kinds):
        variant = VARIANTS[number % 2]
        database = "kill_pair"
        recreate(database, f"kill_{'base' if kind in ('run', 'resume') else 'rollback'}_{variant}")
        run = ["run", "--accept-findings", "bench", *QUICK, *SLOWLY]
        if kind == "resume":
            child = bench.start(database, *run)
            while not has_run(database):
                time.sleep(0.05)
            time.sleep(bench.chance.uniform(0, 0.5))
            child.kill()
            child.communicate()
            wait_for_nobody(database)
        pair = {"run": (run, run), "resume": ([*run, "--resume"],) * 2, "rollback": (["rollback", *SLOWLY],) * 2,
                "both": (run, ["rollback", *SLOWLY])}[kind]
        children = [bench.start(database, *arguments) for arguments in pair]
        ended = [(child, *child.communicate(timeout=240)) for child in children]
        codes = tuple(child.returncode for child, _, _ in ended)
        said = " ".join(text.decode() for _, out, err in ended for text in (out, err))
        tally[kind, codes if kind == "both" else tuple(sorted(codes))] += 1
        if kind == "both":
            # The run has nothing to do unless the rollback was first.
            fine = codes in ((4, 0), (0, 4), (0, 0))
        else:
            fine = sorted(codes) == [0, 4] and "another migration command is at work" in said
        if not fine:
            bench.wrong += 1
            print(f"attempt {number}: {kind} ended with {codes}: {said}", flush=True)
            continue
        is_back = psql(database, "select relkind from pg_class where oid = 'public.deals'::regclass") == "r"
        bench.compare(number, f"{variant} {kind}", back[variant] if is_back else migrated[variant], contents(database),
                      ("sequences",))
        bench.tell(number)
    for (kind, codes), count in sorted(tally.items(), key=str):
        print(f"  {count:4} {kind} {codes}")
    bench.end(len(kinds), "pairs")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("attempts", type=int)
    parser.add_argument("--of", choices=("run", "rollback", "start"), default="run")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    {"run": of_run, "rollback": of_rollback, "start": of_start}[options.of](Bench(options.seed), options.attempts)


main()
