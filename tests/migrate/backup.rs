//! Backup: the copies are the rows, nobody may read them, the dump can be restored, a failure leaves nothing.

use std::path::Path;

use oppbase::migrate::backup::{self, Request, Set};
use oppbase::migrate::lock::RunLock;
use oppbase::migrate::validation::note_tables;
use oppbase::migrate::{Fault, Log, Outcome, session};
use oppbase::pg::migrations::Baseline;
use serde_json::Value;
use tokio_postgres::Client;

use super::assert_same;
use super::crm::{PLENTY, named};
use crate::cli::{Finished, finish, oppbase};
use crate::common::TestDb;
use crate::schema::{BASELINES, batch, before, lines, refused, text};

fn request(folder: &Path) -> Request {
    Request {
        run: Some(uuid::Uuid::new_v4()),
        folder: folder.join("backups"),
        free_bytes: Some(PLENTY),
        ..Request::default()
    }
}

async fn take(db: &TestDb, client: &mut Client, request: &Request) -> Result<Set, Fault> {
    let log = Log::open(&request.folder.with_file_name("migration.log"), true).expect("a log");
    let lock = RunLock::take(&db.admin, None).await.expect("the lock");
    backup::take(client, &db.admin, request, &lock, &log).await
}

async fn crm(baseline: Baseline) -> (TestDb, Client, tempfile::TempDir) {
    let (db, client) = before(baseline).await;
    drop(client);
    let client = session::connect(&db.admin, None).await.expect("a session");
    (db, client, tempfile::tempdir().expect("a folder"))
}

/// S1, S2, S5 of the first attempt: copies that were never made, notes left out, a verification that looked at
/// nothing.
#[tokio::test]
async fn s1_s2_s5_every_table_is_copied_and_compared() {
    for baseline in BASELINES {
        let (db, mut client, folder) = crm(baseline).await;
        let request = Request {
            deep: true,
            plain: true,
            ..request(folder.path())
        };
        let set = take(&db, &mut client, &request).await.expect("a backup");
        assert!(set.restored);
        let (deal_notes, contact_notes) = note_tables(baseline);
        for table in [
            "deals",
            "contacts",
            "companies",
            "tags",
            "tasks",
            "sales",
            deal_notes,
            contact_notes,
        ] {
            let copy = set
                .tables
                .iter()
                .find(|copy| copy.table == table)
                .expect(table);
            assert_eq!(copy.copy, format!("{table}_backup_{}", set.stamp));
            let differences = format!(
                "select count(*) from (select t::text from public.\"{table}\" t except all select c::text from crm_backup.\"{0}\" c \
                 union all (select c::text from crm_backup.\"{0}\" c except all select t::text from public.\"{table}\" t)) d",
                copy.copy
            );
            assert_eq!(
                text(&client, &differences).await.as_deref(),
                Some("0"),
                "{baseline:?} {table}"
            );
            let recorded = format!(
                "select row_count || ' ' || checksum || ' ' || (verified_at is not null) from migration.migration_backups \
                where run_id = '{}' and table_name = '{table}'",
                set.run
            );
            assert_eq!(
                text(&client, &recorded).await,
                Some(format!("{} {} true", copy.rows, copy.checksum))
            );
            let key = format!(
                "select count(*) from pg_index where indrelid = 'crm_backup.\"{}\"'::regclass and indisprimary",
                copy.copy
            );
            assert_eq!(text(&client, &key).await.as_deref(), Some("1"), "{table}");
        }
        let deals = set
            .tables
            .iter()
            .find(|copy| copy.table == "deals")
            .expect("deals");
        assert_eq!(deals.rows, 44);
        assert_eq!(
            text(
                &client,
                "select count(*) from crm_backup.backup_deals_pre_migration"
            )
            .await
            .as_deref(),
            Some("44")
        );

        let manifest: Value =
            serde_json::from_slice(&std::fs::read(&set.manifest).expect("a manifest"))
                .expect("JSON");
        assert_eq!(manifest["rollbackWindowExpires"], "open");
        assert_eq!(manifest["sequences"]["public.deals_id_seq"], 1000);
        let dump = set.dump.expect("a dump");
        assert_eq!(manifest["dump"]["sha256"], dump.sha256.as_str());
        assert!(
            dump.entries > 50
                && dump.bytes == std::fs::metadata(&dump.path).expect("the dump").len()
        );
        assert!(
            std::fs::read_to_string(dump.path.with_extension("sql"))
                .expect("SQL")
                .contains("COPY public.deals")
        );
        assert_eq!(lines(&client, SCRATCH).await, Vec::<String>::new());
    }
}

/// Scratch databases that are copies of this one.
const SCRATCH: &str = "select d.datname from pg_database d, shobj_description(d.oid, 'pg_database') comment \
     where starts_with(comment, 'oppbase: scratch copy of ' || current_database() || ', ')";

/// What a killed program left is cleared away by the next one; a copy that may be in use is not.
#[tokio::test]
async fn scratch_databases_that_nobody_uses_go() {
    let (db, mut client, folder) = crm(Baseline::Fork).await;
    let here = text(&client, "select current_database()")
        .await
        .expect("a name");
    for (name, age) in [("old", "2 hours"), ("young", "1 minute")] {
        batch(
            &client,
            &format!("create database {here}_{name} template template0"),
        )
        .await;
        let made = format!("select (now() - interval '{age}')::text");
        let made = text(&client, &made).await.expect("a moment");
        let comment = format!(
            "comment on database {here}_{name} is 'oppbase: scratch copy of {here}, made {made}'"
        );
        batch(&client, &comment).await;
    }
    let request = Request {
        deep: true,
        ..request(folder.path())
    };
    take(&db, &mut client, &request).await.expect("a backup");
    assert_eq!(lines(&client, SCRATCH).await, [format!("{here}_young")]);
    batch(&client, &format!("drop database {here}_young")).await;
}

/// S3: a copy of the whole CRM that any visitor could read.
#[tokio::test]
async fn s3_nobody_but_the_owner_reads_a_copy() {
    let (db, mut client, folder) = crm(Baseline::Fork).await;
    // A hosted project grants everything on everything new.
    batch(
        &client,
        "alter default privileges grant all on tables to anon, authenticated, service_role; \
        alter default privileges grant all on schemas to anon, authenticated, service_role",
    )
    .await;
    let request = Request {
        no_dump: Some("a test".into()),
        ..request(folder.path())
    };
    let set = take(&db, &mut client, &request).await.expect("a backup");
    for copy in &set.tables {
        let open = format!(
            "select relrowsecurity from pg_class where oid = 'crm_backup.\"{}\"'::regclass",
            copy.copy
        );
        assert_eq!(text(&client, &open).await.as_deref(), Some("t"));
    }
    for role in ["anon", "authenticated", "service_role"] {
        batch(&client, &format!("set role {role}")).await;
        for relation in [
            &format!("\"{}\"", set.tables[0].copy),
            "backup_deals_pre_migration",
        ] {
            assert_eq!(
                refused(&client, &format!("select from crm_backup.{relation}")).await,
                "42501",
                "{role}"
            );
        }
        batch(&client, "reset role").await;
        let rights = format!(
            "select count(*) from pg_class c where relnamespace = 'crm_backup'::regnamespace and c.relkind in ('r', 'v') \
            and has_table_privilege('{role}', c.oid, 'select, insert, update, delete, truncate')"
        );
        assert_eq!(text(&client, &rights).await.as_deref(), Some("0"), "{role}");
    }
}

/// S4: a restore wiped what it had restored. From these copies everything comes back, ids and sequences too.
#[tokio::test]
async fn s4_rows_come_back_from_the_copies_in_one_transaction() {
    for baseline in BASELINES {
        let (db, mut client, folder) = crm(baseline).await;
        let request = Request {
            no_dump: Some("a test".into()),
            ..request(folder.path())
        };
        let set = take(&db, &mut client, &request).await.expect("a backup");
        let notes = named(
            "select count(*), (select count(*) from public.deals), (select count(*) from public.contacts) from {deal_notes}",
            baseline,
        );
        let untouched = lines(&client, &notes).await;
        batch(&client, "begin; set local session_replication_role = replica; delete from public.companies; delete from public.contacts; delete from public.deals").await;
        batch(
            &client,
            &named(
                "delete from {deal_notes}; delete from {contact_notes}; delete from public.tasks",
                baseline,
            ),
        )
        .await;
        for copy in set
            .tables
            .iter()
            .filter(|copy| !["sales", "tags", "configuration"].contains(&copy.table.as_str()))
        {
            batch(&client, &format!("insert into public.\"{}\" overriding system value select * from crm_backup.\"{}\"", copy.table, copy.copy)).await;
        }
        batch(
            &client,
            "set local session_replication_role = origin; commit",
        )
        .await;
        assert_eq!(lines(&client, &notes).await, untouched);
        for copy in &set.tables {
            let sum = format!(
                "select coalesce(sum(hashtextextended(t::text, 0)), 0) from public.\"{}\" t",
                copy.table
            );
            assert_eq!(
                text(&client, &sum).await,
                Some(copy.checksum.clone()),
                "{}",
                copy.table
            );
        }
        assert_eq!(set.sequences["public.deals_id_seq"], 1000);
    }
}

#[tokio::test]
async fn copies_and_dump_are_of_one_moment() {
    let (db, mut client, folder) = crm(Baseline::Fork).await;
    // Rows that come while the backup is taken are in both or in neither.
    let writer = db.admin_client().await;
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let stopped = std::sync::Arc::clone(&stop);
    let writing = tokio::spawn(async move {
        let mut written = 0;
        while !stopped.load(std::sync::atomic::Ordering::SeqCst) {
            batch(&writer, "insert into public.deals (name, stage, company_id) values ('meanwhile', 'won', 1); \
                insert into public.\"dealNotes\" (id, deal_id, text) select 1000 + max(id), max(id), 'note' from public.deals").await;
            written += 1;
        }
        written
    });
    let request = Request {
        deep: true,
        ..request(folder.path())
    };
    let set = take(&db, &mut client, &request).await;
    stop.store(true, std::sync::atomic::Ordering::SeqCst);
    assert!(writing.await.expect("the writer") > 0);
    let set = set.expect("the restored dump equals the copies");
    let rows = |table: &str| {
        set.tables
            .iter()
            .find(|copy| copy.table == table)
            .map(|copy| copy.rows)
    };
    // Each deal came with its note, in one transaction.
    assert_eq!(
        rows("deals").map(|n| n - 44),
        rows("dealNotes").map(|n| n - 3)
    );
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_and_leaves_nothing() {
    let (db, mut client, folder) = crm(Baseline::Fork).await;
    let copies = "select count(*) from pg_class where relnamespace = to_regnamespace('crm_backup')";
    let usual = || request(folder.path());
    let missing = Request {
        pg_dump: Some("/no/such/pg_dump".into()),
        ..usual()
    };
    let old = folder.path().join("pg_dump");
    std::fs::write(&old, "#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.1'\n").expect("a script");
    executable(&old);
    let too_old = Request {
        pg_dump: Some(old),
        ..usual()
    };
    let full = Request {
        free_bytes: Some(10),
        ..usual()
    };
    for (request, words) in [
        (missing, "not found"),
        (too_old, "older than the server"),
        (full, "are free"),
    ] {
        let fault = take(&db, &mut client, &request).await.expect_err(words);
        assert_eq!(fault.outcome, Outcome::Environment);
        assert!(fault.message.contains(words), "{fault}");
        assert!(fault.hint.is_some());
    }
    // A program that fails half way.
    let broken = folder.path().join("broken/pg_dump");
    std::fs::create_dir(broken.with_file_name("")).expect("a folder");
    std::fs::write(&broken, "#!/bin/sh\ncase \"$1\" in --version) echo 'pg_dump (PostgreSQL) 99.1';; *) echo 'disk full' >&2; exit 1;; esac\n").expect("a script");
    executable(&broken);
    let fault = take(
        &db,
        &mut client,
        &Request {
            pg_dump: Some(broken),
            ..usual()
        },
    )
    .await
    .expect_err("broken");
    assert_eq!(fault.outcome, Outcome::Failed);
    assert!(fault.message.contains("disk full"), "{fault}");
    assert_eq!(text(&client, copies).await.as_deref(), Some("0"));
    assert_eq!(
        text(&client, "select count(*) from migration.migration_backups")
            .await
            .as_deref(),
        Some("0")
    );
    assert_eq!(
        std::fs::read_dir(folder.path().join("backups"))
            .expect("the folder")
            .count(),
        0
    );
}

fn executable(path: &Path) {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(path, mode).expect("permissions");
}

#[tokio::test]
async fn the_latest_set_has_the_fixed_names() {
    let (db, mut client, folder) = crm(Baseline::Upstream).await;
    let request = || Request {
        no_dump: Some("a test".into()),
        ..request(folder.path())
    };
    let first = take(&db, &mut client, &request()).await.expect("a backup");
    batch(
        &client,
        "delete from public.deals where id = 1; alter table public.deals add column more integer",
    )
    .await;
    // Stamps are of seconds: the next one waits for its own.
    let second = take(&db, &mut client, &request()).await.expect("another");
    assert_ne!(first.stamp, second.stamp);
    assert_eq!(
        text(
            &client,
            "select count(*) from crm_backup.backup_deals_pre_migration where more is null"
        )
        .await
        .as_deref(),
        Some("43")
    );
    assert_eq!(
        text(
            &client,
            "select count(*) from migration.migration_backups where no_dump_reason = 'a test'"
        )
        .await
        .as_deref(),
        Some("18")
    );
}

#[tokio::test]
async fn the_program_backs_up_without_a_password_in_sight() {
    let (db, client, folder) = crm(Baseline::Fork).await;
    drop(client);
    // Notes its arguments and its environment, then does the work.
    let real = which("pg_dump");
    let spy = folder.path().join("pg_dump");
    let (seen, known) = (
        folder.path().join("arguments"),
        folder.path().join("environment"),
    );
    std::fs::write(
        &spy,
        format!(
            "#!/bin/sh\necho \"$@\" >> {}\nenv > {}\nexec {} \"$@\"\n",
            seen.display(),
            known.display(),
            real
        ),
    )
    .expect("a script");
    executable(&spy);
    std::os::unix::fs::symlink(which("pg_restore"), folder.path().join("pg_restore"))
        .expect("a link");
    let url = db.admin.replacen('@', ":top-secret@", 1);
    let run = |arguments: &[&str]| -> Finished {
        let mut command = oppbase();
        command.args([
            "migrate",
            "backup",
            "--database-url",
            &url,
            "--free-bytes",
            "99999999999",
            "--log-file",
        ]);
        finish(
            command
                .arg(folder.path().join("logs/migration.log"))
                .args(arguments),
        )
    };
    let unconfirmed = run(&[]);
    assert_eq!(unconfirmed.code, Some(2), "{}", unconfirmed.stderr);
    let done = run(&["--yes", "--pg-dump", &spy.display().to_string()]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.contains("verified"), "{}", done.stdout);
    let arguments = std::fs::read_to_string(seen).expect("arguments");
    assert!(
        arguments.contains("--snapshot=") && !arguments.contains("top-secret"),
        "{arguments}"
    );
    assert!(
        std::fs::read_to_string(known)
            .expect("environment")
            .contains("PGPASSWORD=top-secret")
    );
    let log = std::fs::read_to_string(folder.path().join("logs/migration.log")).expect("the log");
    assert!(!format!("{log}{}{}", done.stdout, done.stderr).contains("top-secret"));
    let held = RunLock::take(&db.admin, None).await.expect("the lock");
    assert_eq!(run(&["--yes", "--no-dump", "why not"]).code, Some(4));
    drop(held);
}

fn which(program: &str) -> String {
    let output = std::process::Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output()
        .expect("sh");
    String::from_utf8(output.stdout)
        .expect("UTF-8")
        .trim()
        .to_owned()
}

/// As the hints of a rollback say it: an empty database, `pg_restore`, nothing else.
#[tokio::test]
async fn the_dump_restores_into_an_empty_database() {
    for baseline in BASELINES {
        let (db, mut client, folder) = crm(baseline).await;
        let set = take(&db, &mut client, &request(folder.path()))
            .await
            .expect("a backup");
        let dump = set.dump.expect("a dump").path;
        let scratch = format!("{}_restored", db.name);
        batch(
            &client,
            &format!("create database \"{scratch}\" template template0"),
        )
        .await;
        let url = db.admin.replace(&db.name, &scratch);
        let restored = std::process::Command::new("pg_restore")
            .args(["--dbname", &url])
            .arg(&dump)
            .output()
            .expect("pg_restore runs");
        let said = String::from_utf8_lossy(&restored.stderr);
        assert!(
            restored.status.success() && said.is_empty(),
            "{baseline:?}: {said}"
        );
        let there = session::connect(&url, None).await.expect("a session");
        let counts = "\
            select 'policies', count(*) from pg_policies union all \
            select 'triggers', count(*) from pg_trigger where not tgisinternal union all \
            select 'views', count(*) from pg_views where schemaname = 'public' union all \
            select 'tables', count(*) from pg_tables where schemaname in ('public', 'auth', 'storage') union all \
            select 'grants', count(*) from information_schema.role_table_grants where table_schema = 'public'";
        assert_eq!(
            lines(&there, counts).await,
            lines(&client, counts).await,
            "{baseline:?}"
        );
        let account = |mut lines: Vec<String>| {
            lines.retain(|line| !line.contains("crm_backup"));
            lines
        };
        assert_same(
            &account(super::back::account(&there).await),
            &account(super::back::account(&client).await),
            "restored",
        );
        drop(there);
        batch(
            &client,
            &format!("drop database \"{scratch}\" with (force)"),
        )
        .await;
    }
}
