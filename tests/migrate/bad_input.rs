//! What cannot be worked with, what comes in between, and who asks to stop: an exit code of its own and a line
//! that says what to do, each time.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use oppbase::migrate::{lock, state};
use oppbase::pg::migrations::Baseline;
use serde_json::json;
use tokio_postgres::Client;

use super::back::migrated;
use super::{expect, finished, migrate};
use crate::cli::{Finished, free_port, oppbase};
use crate::common::{TestDb, cluster};
use crate::schema::{BASELINES, batch, before, lines, text};

/// `oppbase migrate <arguments>`, with nothing that makes a test easier.
fn plain(folder: &Path, url: &str, arguments: &[&str]) -> Command {
    let mut command = oppbase();
    command
        .env_remove("DATABASE_URL")
        .current_dir(folder)
        .arg("migrate")
        .args(arguments)
        .args(["--yes", "--database-url", url])
        .stdin(Stdio::null());
    command
}

fn refused(done: &Finished, code: i32, words: &[&str]) {
    assert_eq!(done.code, Some(code), "{}{}", done.stdout, done.stderr);
    for words in words.iter().chain(&["error: ", "hint: "]) {
        assert!(done.stderr.contains(words), "{words}: {}", done.stderr);
    }
}

/// Nothing of the CRM was changed and no run is recorded.
async fn untouched(client: &Client) {
    let found = text(
        client,
        "select (select relkind::text from pg_class where oid = 'public.deals'::regclass) || \
                (select count(*) from pg_attribute where attrelid = 'public.deals'::regclass and attname = 'opportunity_stage')",
    )
    .await;
    assert_eq!(found.as_deref(), Some("r0"));
    if text(client, "select to_regclass('migration.migration_history')")
        .await
        .is_some()
    {
        let runs = text(client, "select count(*) from migration.migration_history").await;
        assert_eq!(runs.as_deref(), Some("0"));
    }
}

/// A PgBouncer that ends with the test.
struct Pooler(Child, u16);

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Pooler {
    async fn start(folder: &Path, mode: &str, size: u8) -> Self {
        let port = free_port();
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={} user=postgres\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
             pool_mode = {mode}\ndefault_pool_size = {size}\n",
            cluster::cluster().port(),
        );
        let file = folder.join(format!("{mode}{size}.ini"));
        std::fs::write(&file, settings).expect("a file");
        std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).expect("permissions");
        let mut command = Command::new("pgbouncer");
        if nix::unistd::geteuid().is_root() {
            command.args(["-u", "nobody"]);
        }
        let child = command
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pgbouncer starts");
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self(child, port)
    }

    fn url(&self, db: &TestDb) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/{}", self.1, db.name)
    }
}

#[tokio::test]
async fn a_pooler_that_shares_sessions_is_refused() {
    // Where PgBouncer is not installed there is nothing to connect through.
    if Command::new("pgbouncer").arg("--version").output().is_err() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (db, client) = before(Baseline::Fork).await;
    for size in [1, 5] {
        let pooler = Pooler::start(folder.path(), "transaction", size).await;
        let url = pooler.url(&db);
        for arguments in [&["run"][..], &["rollback"], &["backup"]] {
            let done = finished(plain(folder.path(), &url, arguments)).await;
            refused(&done, 3, &["pooler", "transaction mode", "directly"]);
        }
        // However many sessions it has open already.
        let mut busy = vec![];
        for _ in 0..size - 1 {
            let (other, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
                .await
                .expect("a session");
            tokio::spawn(connection);
            other.batch_execute("begin").await.expect("a transaction");
            busy.push(other);
        }
        for other in &busy {
            other.batch_execute("commit").await.expect("its end");
        }
        let done = finished(plain(folder.path(), &url, &["rollback"])).await;
        refused(&done, 3, &["pooler"]);
    }
    untouched(&client).await;
    let pooler = Pooler::start(folder.path(), "session", 5).await;
    let done = finished(plain(folder.path(), &pooler.url(&db), &["rollback"])).await;
    assert_eq!(done.code, Some(0), "session mode will do: {}", done.stderr);
}

#[tokio::test]
async fn a_role_that_lacks_a_right_is_refused() {
    let (db, client) = before(Baseline::Fork).await;
    let role = format!("owner_of_{}", db.name);
    batch(
        &client,
        &format!(
            "create role {role} login; grant usage on schema public to {role}; \
             do $$ declare t regclass; begin for t in select c.oid from pg_class c \
               where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' \
             loop execute format('alter table %s owner to {role}', t); end loop; end $$"
        ),
    )
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let (_, place) = db.admin.split_once('@').expect("a user in the address");
    let url = format!("postgresql://{role}@{place}");
    let done = finished(plain(folder.path(), &url, &["run"])).await;
    refused(&done, 3, &["may not create", "grant create"]);
    batch(
        &client,
        &format!(
            "grant create on database {} to {role}; grant create on schema public to {role}; \
             alter table public.deals force row level security",
            db.name
        ),
    )
    .await;
    let done = finished(plain(folder.path(), &url, &["run"])).await;
    refused(&done, 3, &["row level security would hide", "BYPASSRLS"]);
    untouched(&client).await;
    batch(
        &client,
        &format!(
            "do $$ declare t regclass; begin for t in select c.oid from pg_class c \
               where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' \
             loop execute format('alter table %s owner to postgres', t); end loop; end $$; \
             drop owned by {role}; drop role {role}"
        ),
    )
    .await;
}

/// A `pg_dump` that says this version and then does this.
fn pg_dump(folder: &Path, version: &str, then: &str) -> PathBuf {
    let path = folder.join(format!("pg_dump_{version}"));
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = --version ] && echo 'pg_dump (PostgreSQL) {version}' && exit\n{then}\n"
    );
    std::fs::write(&path, script).expect("a script");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("permissions");
    path
}

#[tokio::test]
async fn what_is_missing_around_a_run_stops_it_before_the_first_change() {
    let (db, client) = before(Baseline::Fork).await;
    let folder = tempfile::tempdir().expect("a folder");
    let run = |more: &[&str]| {
        let all: Vec<&str> = ["run", "--accept-findings", "a test"]
            .iter()
            .chain(more)
            .copied()
            .collect();
        finished(plain(folder.path(), &db.admin, &all))
    };
    // Space.
    refused(&run(&["--free-bytes", "1000"]).await, 2, &["S4"]);
    // The program that dumps.
    let old = pg_dump(folder.path(), "9.6.1", "exit 1");
    let old = old.to_str().expect("UTF-8");
    refused(
        &run(&["--pg-dump", old]).await,
        3,
        &["older than the server", "--no-dump"],
    );
    refused(
        &run(&["--pg-dump", "/no/such/pg_dump"]).await,
        3,
        &["not found", "--no-dump"],
    );
    // A baseline that nobody knows.
    batch(
        &client,
        "alter table public.tasks alter type type varchar(99)",
    )
    .await;
    refused(&run(&["--no-dump", "a test"]).await, 2, &["S1"]);
    batch(&client, "alter table public.tasks alter type type text").await;
    // A table that scripts of earlier attempts left is no migrated database.
    batch(
        &client,
        "create table public.opportunities (id bigint primary key, note text)",
    )
    .await;
    refused(&run(&["--no-dump", "a test"]).await, 2, &["S3"]);
    untouched(&client).await;
    batch(
        &client,
        "alter table public.deals rename to deals_of_old; alter table public.tasks rename to tasks_of_old",
    )
    .await;
    refused(
        &run(&["--no-dump", "a test"]).await,
        3,
        &["no CRM", "deals", "tasks"],
    );
}

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
    kill(pid, signal).expect("a signal");
}

async fn ended(child: Child) -> Finished {
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().expect("ends"))
        .await
        .expect("ends");
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

async fn until(client: &Client, sql: &str, value: &str) {
    while text(client, sql).await.as_deref() != Some(value) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// PostgreSQL takes a moment to notice that a program is gone.
const AT_WORK: &str = "select count(*) from pg_stat_activity \
     where datname = current_database() and application_name like 'oppbase-migrate%'";

#[tokio::test]
async fn whoever_is_asked_to_stop_during_the_backup_leaves_nothing() {
    let (db, client) = before(Baseline::Upstream).await;
    let folder = tempfile::tempdir().expect("a folder");
    let mark = folder.path().join("dumping");
    let slow = pg_dump(
        folder.path(),
        "99.1",
        &format!("touch '{}'; exec sleep 60", mark.display()),
    );
    let slow = slow.to_str().expect("UTF-8");
    for asked in [Signal::SIGINT, Signal::SIGTERM] {
        until(&client, AT_WORK, "0").await;
        let mut child = plain(
            folder.path(),
            &db.admin,
            &["run", "--accept-findings", "a test", "--pg-dump", slow],
        )
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
        while !mark.exists() {
            assert!(child.try_wait().expect("a child").is_none(), "it ended");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        signal(&child, asked);
        let done = ended(child).await;
        refused(&done, 130, &["before the first change"]);
        std::fs::remove_file(&mark).expect("a file");
    }
    untouched(&client).await;
    let left = "select count(*) from pg_class where relnamespace = to_regnamespace('crm_backup')";
    assert_eq!(text(&client, left).await.as_deref(), Some("0"));
    let dumps = std::fs::read_dir(folder.path().join("logs/backups")).expect("the folder");
    assert_eq!(dumps.count(), 0);
}

#[tokio::test]
async fn a_run_that_is_terminated_finishes_the_batch() {
    let (db, client) = before(Baseline::Fork).await;
    let child = migrate(&db, &["run", "--batch-size", "2", "--pause", "50ms"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    until(
        &client,
        "select (to_regclass('migration.changed') is not null)::text",
        "true",
    )
    .await;
    signal(&child, Signal::SIGTERM);
    refused(&ended(child).await, 130, &["interrupted", "--resume"]);
    until(&client, AT_WORK, "0").await;
    expect(&db, &["status"], 11).await;
    expect(&db, &["rollback"], 0).await;
    untouched_but_for_history(&client).await;
}

async fn untouched_but_for_history(client: &Client) {
    let kind = "select relkind::text from pg_class where oid = 'public.deals'::regclass";
    assert_eq!(text(client, kind).await.as_deref(), Some("r"));
    let open = "select count(*) from migration.migration_history where status not in ('rolled_back', 'completed')";
    assert_eq!(text(client, open).await.as_deref(), Some("0"));
}

const MANY: &str = "\
    insert into public.deals (id, name, company_id, stage, created_at, updated_at, index) \
    select i, 'Deal ' || i, 1 + i % 4, 'won', '2024-01-01', '2024-01-01', 1 from generate_series(2000, 2300) i;";

#[tokio::test]
async fn a_rollback_that_is_interrupted_has_changed_nothing_and_goes_on() {
    let crm = migrated(Baseline::Upstream, MANY).await;
    let child = crm
        .command(&[
            "rollback",
            "--yes",
            "--batch-size",
            "10",
            "--pause",
            "100ms",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let copies = "select (count(*) > 0)::text from pg_class c where c.relnamespace = to_regnamespace('crm_backup')";
    until(&crm.client, copies, "true").await;
    signal(&child, Signal::SIGINT);
    refused(
        &ended(child).await,
        130,
        &["nothing was changed", "rollback"],
    );
    let kind = "select relkind::text from pg_class where oid = 'public.opportunities'::regclass";
    assert_eq!(text(&crm.client, kind).await.as_deref(), Some("r"));
    until(&crm.client, AT_WORK, "0").await;
    crm.roll_back(&["--pause", "0"]).await;
    assert_eq!(crm.changes().await, Vec::<String>::new());
}

#[tokio::test]
async fn nothing_to_do_still_clears_up_after_an_attempt_that_was_cut_off() {
    let keep_out = "insert into migration.maintenance (is_on, retry_after_s) values (true, 1) \
                     on conflict (only_row) do update set is_on = true";
    let is_on = "select count(*) from migration.maintenance where is_on";
    // Cut off between the last record and the end of maintenance.
    let crm = migrated(Baseline::Fork, "").await;
    batch(&crm.client, keep_out).await;
    let (code, out, err) = crm.run(&["run", "--yes"]).await;
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("nothing to do"), "{out}");
    assert_eq!(text(&crm.client, is_on).await.as_deref(), Some("0"));
    crm.roll_back(&[]).await;
    batch(&crm.client, keep_out).await;
    let out = crm.roll_back(&[]).await;
    assert!(out.contains("maintenance is off"), "{out}");
    assert_eq!(text(&crm.client, is_on).await.as_deref(), Some("0"));
    // Cut off between the record of the run and its first change.
    let (db, client) = before(Baseline::Fork).await;
    state::ensure(&client).await.expect("the state's tables");
    state::begin_run(&client, &json!({})).await.expect("a run");
    expect(&db, &["run"], 2).await;
    let out = expect(&db, &["rollback"], 0).await.stdout;
    assert!(out.contains("before its first change"), "{out}");
    expect(&db, &["status"], 13).await;
    expect(&db, &["run", "--pause", "0"], 0).await;
}

#[tokio::test]
async fn a_rollback_beside_a_run_that_has_recorded_nothing_yet_is_refused() {
    let (db, client) = before(BASELINES[0]).await;
    batch(
        &client,
        &format!("select pg_advisory_lock({})", lock::LOCK_KEY),
    )
    .await;
    let done = expect(&db, &["rollback"], 4).await;
    assert!(done.stderr.contains("at work"), "{}", done.stderr);
}

#[tokio::test]
async fn an_archive_of_another_attempt_is_made_anew() {
    let crm = migrated(Baseline::Fork, "").await;
    let name = format!(
        "crm_backup.rollback_{}_deals",
        &crm.run.simple().to_string()[..8]
    );
    // As an attempt leaves it that was cut off on its way back to another moment.
    batch(
        &crm.client,
        &format!(
            "create schema crm_backup; create table {name} as \
             select id, priority, xmin::text::bigint as row_version from public.opportunities where id < 10"
        ),
    )
    .await;
    crm.roll_back(&[]).await;
    assert_eq!(crm.changes().await, Vec::<String>::new());
    let kept = format!("select count(*), count(stage) from {name}");
    let deals = "select count(*), count(*) from public.deals";
    assert_eq!(
        lines(&crm.client, &kept).await,
        lines(&crm.client, deals).await
    );
}

/// On a hosted project nobody is superuser, and accounts and files belong to others.
#[tokio::test]
async fn the_owner_of_the_crm_alone_can_migrate_or_is_told_before() {
    for baseline in BASELINES {
        let folder = tempfile::tempdir().expect("a folder");
        let (db, client) = before(baseline).await;
        let owner = format!("owner_of_{}", db.name);
        batch(
            &client,
            &include_str!("hosted.sql").replace("{owner}", &owner),
        )
        .await;
        let url = format!(
            "postgresql://{owner}@127.0.0.1:{}/{}",
            cluster::cluster().port(),
            db.name
        );
        let free = ["--free-bytes", "99999999999"];
        batch(
            &client,
            "alter table storage.buckets disable row level security; \
             drop policy \"Attachments 1mt4rzk_1\" on storage.objects",
        )
        .await;
        let mut arguments = vec!["validate"];
        arguments.extend(free);
        let said = finished(plain(folder.path(), &url, &arguments)).await;
        for words in [
            "S6",
            "own storage.buckets (the owner is supabase_storage_admin)",
            "own storage.objects (the owner is supabase_storage_admin)",
        ] {
            assert!(said.stdout.contains(words), "{words}: {}", said.stdout);
        }
        let mut run = vec!["run", "--accept-findings", "rows of a test", "--pause", "0"];
        run.extend(free);
        let done = finished(plain(folder.path(), &url, &run)).await;
        refused(&done, 2, &["S6"]);
        untouched(&client).await;
        // What the owner of the files does about it.
        batch(
            &client,
            "alter table storage.buckets enable row level security; \
             create policy \"Attachments 1mt4rzk_1\" on storage.objects for insert to authenticated \
               with check (bucket_id = 'attachments')",
        )
        .await;
        let done = finished(plain(folder.path(), &url, &run)).await;
        assert_eq!(done.code, Some(0), "{baseline:?}: {}", done.stderr);
        let done = finished(plain(folder.path(), &url, &["rollback"])).await;
        assert_eq!(done.code, Some(0), "{baseline:?}: {}", done.stderr);
    }
}
