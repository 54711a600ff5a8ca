//! Users go on writing while a run is at work, and its verification tells their writes from damage: between the
//! backup and the end, in rows that keep no moment of an edit, and in rows that go.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use oppbase::pg::migrations::Baseline;
use tokio_postgres::Client;

use super::crm::named;
use super::{assert_same, catalogue, expect};
use crate::cli::oppbase;
use crate::common::TestDb;
use crate::schema::{BASELINES, batch, before, lines, text};

const DEALS: &str = "\
    insert into public.deals (name, stage, company_id, contact_ids, sales_id) \
    select 'Bulk ' || i, 'opportunity', 1, array[1], 1 from generate_series(1, 1500) i; \
    select setval(pg_get_serial_sequence('{deal_notes}', 'id'), 1000), setval(pg_get_serial_sequence('{contact_notes}', 'id'), 1000), \
           setval(pg_get_serial_sequence('public.tags', 'id'), 1000), setval(pg_get_serial_sequence('public.tasks', 'id'), 1000), \
           setval(pg_get_serial_sequence('public.contacts', 'id'), 1000), setval(pg_get_serial_sequence('public.companies', 'id'), 1000)";

/// Once, after the backup: edits, deletions, rows that come and go, of every table.
const WRITES: &str = "\
    update public.contacts set title = 'CTO', company_id = 2 where id = 1; \
    update public.companies set name = 'Alpha & Sons' where id = 1; \
    update public.tasks set type = 'none', text = 'x' where id = 1; \
    update public.tasks set done_date = '2024-06-01' where id = 2; \
    update {deal_notes} set text = 'edited', date = '2024-01-02' where id = (select min(n.id) from {deal_notes} n); \
    update {contact_notes} set text = 'edited', date = '2024-01-02' where id = (select min(n.id) from {contact_notes} n); \
    delete from {contact_notes} where id = (select max(n.id) from {contact_notes} n); \
    update public.tags set color = 'cold' where id = 1; \
    update public.sales set first_name = 'Edited' where id = 3; \
    update public.deals set amount = 7, index = 77 where id = 2; \
    update public.deals set archived_at = null where id = 7; \
    update public.deals set company_id = 2, created_at = '2024-05-06' where id = 4; \
    delete from public.deals where id in (3, 14, 21); \
    delete from public.tasks where id = 3; delete from public.tags where id = 2; \
    insert into public.deals (name, stage, company_id) values ('Comes and goes', 'won', 1), ('Stays', 'lost', 2); \
    delete from public.deals where name = 'Comes and goes'; \
    insert into public.contacts (first_name, first_seen, company_id) values ('Comes', '2020-01-01', 1), ('Stays', '2020-01-01', 1); \
    delete from public.contacts where first_name = 'Comes'; \
    insert into {deal_notes} (deal_id, text, date) values (5, 'Stays', '2020-01-01')";

/// On and on, through the cut-over and the verification.
const MORE: &str = "\
    update public.contacts set title = 'Round {round}' where id in (2, 3); \
    update public.companies set description = 'Round {round}' where id = 2; \
    update public.deals set amount = {round} where id = 6; \
    update {deal_notes} set text = 'Round {round}' where deal_id = 5; \
    insert into public.tasks (contact_id, type, text, due_date) values (2, 'Call', 'Round {round}', '2024-01-01'); \
    delete from public.tasks where text = 'Round {before}'; \
    delete from public.deals where name = 'Bulk {round}'";

const TRACES: &str = "\
    select count(*) from pg_trigger where tgname = 'migration_capture_trace' \
    union all select count(*) from pg_proc where pronamespace = 'migration'::regnamespace and proname like 'trace\\_%'";

/// A run with its verification.
pub fn run(db: &TestDb, more: &[&str]) -> Command {
    let mut command = oppbase();
    let folder = tempfile::tempdir().expect("a folder").keep();
    command
        .env_remove("DATABASE_URL")
        .current_dir(folder)
        .args(["migrate", "run", "--yes", "--database-url", &db.admin])
        .args(["--accept-findings", "rows of a test", "--no-dump", "a test"])
        .args(["--batch-size", "100"])
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// A CRM with enough deals for a run that takes a while.
pub async fn crm(baseline: Baseline) -> (TestDb, Client) {
    let (db, client) = before(baseline).await;
    batch(&client, &named(DEALS, baseline)).await;
    (db, client)
}

/// Waits for the backup's record, which commits with its snapshot's end.
pub async fn backed_up(client: &Client, child: &mut Child) {
    let taken = "select coalesce((select count(*) from migration.migration_backups), 0)";
    loop {
        let is_there = "select to_regclass('migration.migration_backups') is not null";
        if text(client, is_there).await.as_deref() == Some("t")
            && text(client, taken).await.as_deref() != Some("0")
        {
            return;
        }
        assert!(child.try_wait().expect("a child").is_none(), "it ended");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The triggers of every table but the webhooks', which stay.
async fn schema(client: &Client) -> Vec<String> {
    let mut facts = catalogue(client).await;
    facts.retain(|fact| fact.starts_with("trigger|") && !fact.contains("|webhooks."));
    assert!(!facts.is_empty());
    facts
}

/// Its exit code and what it said.
pub async fn ended(child: Child) -> (Option<i32>, String) {
    let out = tokio::task::spawn_blocking(move || child.wait_with_output().expect("ends"))
        .await
        .expect("ends");
    (
        out.status.code(),
        String::from_utf8_lossy(&out.stderr).into_owned(),
    )
}

/// An import that begins with a truncation: rows and what was made of them go, and what stays is whole.
#[tokio::test]
async fn tables_that_are_emptied_meanwhile_are_no_damage() {
    for baseline in BASELINES {
        let (db, client) = crm(baseline).await;
        let mut child = run(&db, &["--pause", "30ms"]).spawn().expect("it starts");
        let writer = db.admin_client().await;
        // What is emptied has been carried over already, and refers to rows that stay.
        let filled = "select coalesce((select count(*) from migration.migration_history \
                       where step = '1_4_backfill_tasks' and status = 'completed'), 0)";
        backed_up(&writer, &mut child).await;
        while text(&writer, filled).await.as_deref() == Some("0") {
            assert!(child.try_wait().expect("a child").is_none(), "it ended");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let truncate = named(
            "lock table public.deals; truncate public.tasks; truncate {deal_notes} cascade; \
             insert into public.tasks (contact_id, type, text, due_date) values (2, 'Call', 'Anew', '2024-01-01')",
            baseline,
        );
        batch(&writer, &truncate).await;
        let (code, said) = ended(child).await;
        assert_eq!(code, Some(0), "{baseline:?} {said}");
        assert!(said.contains("verification: SUCCESS"), "{said}");
        let made = "select source, count(*) from public.activities where source in ('task', 'deal_note') group by 1";
        assert_eq!(lines(&client, made).await, ["task|1"], "{baseline:?}");
    }
}

/// The trace watches: what it cannot note is written all the same, and the verification says so.
#[tokio::test]
async fn a_write_that_cannot_be_noted_is_done_and_told_of() {
    let (db, client) = crm(BASELINES[0]).await;
    let mut child = run(&db, &["--pause", "30ms"]).spawn().expect("it starts");
    let writer = db.admin_client().await;
    backed_up(&writer, &mut child).await;
    batch(
        &writer,
        "alter table migration.trace add constraint full_up check (relation <> 'tasks' or failure is not null); \
         update public.tasks set text = 'written' where id = 1",
    )
    .await;
    let (code, said) = ended(child).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("content.tasks.rows")
            && said.contains("1 writes could not be noted: ")
            && said.contains("full_up"),
        "{said}"
    );
    let written = "select text from public.tasks where id = 1";
    assert_eq!(text(&client, written).await.as_deref(), Some("written"));
}

/// A truncation and a deletion have no row to speak of, and leave an entry all the same.
#[tokio::test]
async fn a_truncation_that_cannot_be_noted_is_done_and_told_of() {
    let (db, client) = crm(BASELINES[1]).await;
    let mut child = run(&db, &["--pause", "30ms"]).spawn().expect("it starts");
    let writer = db.admin_client().await;
    backed_up(&writer, &mut child).await;
    batch(
        &writer,
        "alter table migration.trace add constraint full_up check (relation not in ('tasks', 'tags') or failure is not null); \
         truncate public.tasks; delete from public.tags where id = 2",
    )
    .await;
    let (code, said) = ended(child).await;
    assert_eq!(code, Some(1), "{said}");
    for finding in ["counts.tasks.kept", "counts.tags.kept"] {
        let line = said.lines().find(|line| line.contains(finding));
        let line = line.unwrap_or_else(|| panic!("{finding} in {said}"));
        assert!(
            line.contains("1 writes could not be noted: ") && line.contains("full_up"),
            "{line}"
        );
    }
    assert!(said.contains("could not be noted: truncate: "), "{said}");
    let entries = "select relation, id from migration.trace where failure is not null order by 1";
    assert_eq!(lines(&client, entries).await, ["tags|2", "tasks|0"]);
    let done = "select (select count(*) from public.tasks), (select count(*) from public.tags where id = 2)";
    assert_eq!(lines(&client, done).await, ["0|0"]);
}

#[tokio::test]
async fn what_users_write_after_the_backup_is_no_damage() {
    for baseline in BASELINES {
        let (db, client) = crm(baseline).await;
        let mut child = run(&db, &["--pause", "30ms"]).spawn().expect("it starts");
        let writer = db.admin_client().await;
        backed_up(&writer, &mut child).await;
        batch(&writer, &named(WRITES, baseline)).await;
        let (mut round, mut after) = (0, 0);
        // Until some time after the cut-over: what is written once the run has ended is not traced.
        while child.try_wait().expect("a child").is_none() && after < 10 {
            round += 1;
            let sql = MORE
                .replace("{round}", &round.to_string())
                .replace("{before}", &(round - 3).to_string());
            batch(&writer, &named(&sql, baseline)).await;
            let is_cut_over = "select to_regclass('public.opportunities') is not null";
            after += i32::from(text(&writer, is_cut_over).await.as_deref() == Some("t"));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let (code, said) = ended(child).await;
        assert_eq!(code, Some(0), "{baseline:?} {said}");
        assert_eq!(after, 10, "the run ended too soon: {said}");
        assert!(said.contains("verification: SUCCESS"), "{said}");
        assert!(!said.contains("content."), "{said}");
        assert!(round > 20, "{round} rounds of writing");
        assert_eq!(lines(&client, TRACES).await, ["0", "0"]);
        let written = "select count(distinct relation) >= 8 from migration.trace";
        assert_eq!(text(&client, written).await.as_deref(), Some("t"));
        // By hand, later: what was written while the run was at work is still explained.
        expect(&db, &["verify", "--no-performance"], 0).await;
    }
}

/// Two programs that never pause, with tables in an order that is not the run's: whoever holds one table and
/// waits for another meets them crosswise.
#[tokio::test]
async fn writers_that_take_the_tables_the_other_way_round_stop_no_run() {
    for baseline in BASELINES {
        let (db, _) = crm(baseline).await;
        let child = run(&db, &["--pause", "0"]).spawn().expect("it starts");
        let is_over = Arc::new(AtomicBool::new(false));
        let mut writers = vec![];
        for id in [2, 3] {
            let (client, is_over) = (db.admin_client().await, is_over.clone());
            let sql = format!(
                "begin; update public.tasks set text = 'x' where id = {id}; select pg_sleep(0.02); \
                 update public.deals set amount = 1 where id = {id}; select pg_sleep(0.02); \
                 update public.contacts set title = 'x' where id = {id}; select pg_sleep(0.02); \
                 update public.companies set description = 'x' where id = {id}; commit"
            );
            writers.push(tokio::spawn(async move {
                while !is_over.load(Ordering::SeqCst) {
                    batch(&client, &sql).await;
                }
            }));
        }
        let (code, said) = ended(child).await;
        is_over.store(true, Ordering::SeqCst);
        for writer in writers {
            writer.await.expect("no write failed");
        }
        assert_eq!(code, Some(0), "{baseline:?} {said}");
        assert!(said.contains("verification: SUCCESS"), "{said}");
    }
}

#[tokio::test]
async fn a_row_that_nobody_wrote_and_that_differs_is_damage() {
    let (db, client) = crm(Baseline::Upstream).await;
    let was = schema(&client).await;
    let mut child = run(&db, &["--pause", "30ms"]).spawn().expect("it starts");
    let writer = db.admin_client().await;
    backed_up(&writer, &mut child).await;
    batch(&writer, &named(WRITES, Baseline::Upstream)).await;
    // Past the triggers: a row that users left alone, one that they wrote, one that goes, one that comes, and
    // one with a later updated_at.
    batch(
        &writer,
        "set session_replication_role = replica; set migration.backfill = 'on'; \
         update public.contacts set title = 'tampered' where id = 2; \
         update public.companies set name = 'tampered' where id = 1; \
         delete from public.tags where id = 1; \
         insert into public.tags (id, name, color) values (77, 'x', 'y'); \
         update public.deals set amount = 1, updated_at = now() where id = 9",
    )
    .await;
    let (code, said) = ended(child).await;
    assert_eq!(code, Some(1), "{said}");
    for finding in [
        "verification: FAILED",
        "content.contacts.rows",
        "content.companies.rows",
        "content.companies.writes",
        "counts.tags.new",
        "content.tags.writes",
        "content.deals.rows",
    ] {
        assert!(said.contains(finding), "{finding} in {said}");
    }
    assert!(!said.contains("content.deal_notes"), "{said}");
    // Not settled: the writes are traced on, until somebody goes back.
    assert_ne!(lines(&client, TRACES).await, ["0", "0"]);
    expect(&db, &["rollback"], 0).await;
    assert_eq!(lines(&client, TRACES).await, ["0", "0"]);
    assert_same(&schema(&client).await, &was, "after the rollback");
}

/// As imports do it: of the writes meanwhile nothing is known, and that excuses no damage elsewhere.
#[tokio::test]
async fn triggers_that_were_off_for_a_while_hide_no_damage() {
    let (db, _) = crm(Baseline::Fork).await;
    let mut child = run(&db, &["--pause", "30ms"]).spawn().expect("it starts");
    let writer = db.admin_client().await;
    backed_up(&writer, &mut child).await;
    batch(
        &writer,
        "alter table public.tags disable trigger all; update public.tags set color = 'red' where id = 1; \
         alter table public.tags enable trigger all; \
         set session_replication_role = replica; set migration.backfill = 'on'; \
         update public.contacts set title = 'tampered' where id = 2; delete from public.tasks where id = 3",
    )
    .await;
    let (code, said) = ended(child).await;
    assert_eq!(code, Some(1), "{said}");
    for finding in [
        "verification: FAILED",
        "content.contacts.rows",
        "counts.tasks.kept",
    ] {
        assert!(said.contains(finding), "{finding} in {said}");
    }
}

#[tokio::test]
async fn a_run_that_does_not_begin_leaves_no_trace() {
    for baseline in BASELINES {
        let (db, client) = crm(baseline).await;
        let was = schema(&client).await;
        // The triggers are there before the backup is refused.
        let mut refused = oppbase();
        refused
            .env_remove("DATABASE_URL")
            .current_dir(tempfile::tempdir().expect("a folder").keep())
            .args(["migrate", "run", "--yes", "--database-url", &db.admin])
            .args(["--accept-findings", "a test", "--pg-dump", "/bin/false"])
            .stdin(Stdio::null());
        let done = super::finished(refused).await;
        assert_eq!(done.code, Some(3), "{}", done.stderr);
        assert_eq!(lines(&client, TRACES).await, ["0", "0"]);
        assert_same(&schema(&client).await, &was, "after the refusal");
        expect(&db, &["status"], 0).await;
    }
}

#[tokio::test]
async fn a_run_that_is_killed_goes_on_with_its_trace() {
    let (db, client) = crm(Baseline::Fork).await;
    // As early as the triggers, then somewhere on the way.
    for wait in [0, 40, 400] {
        let again = text(&client, "select to_regclass('migration.migration_history') is not null and exists (select from pg_trigger where tgname = 'migration_capture_write')").await;
        let resume: &[&str] = match again.as_deref() {
            Some("t") => &["--pause", "30ms", "--resume"],
            _ => &["--pause", "30ms"],
        };
        let mut child = run(&db, resume).spawn().expect("it starts");
        loop {
            let on = text(
                &client,
                "select count(*) from pg_trigger where tgname = 'migration_capture_trace'",
            )
            .await;
            if on.as_deref() != Some("0") || child.try_wait().expect("a child").is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        tokio::time::sleep(Duration::from_millis(wait)).await;
        child.kill().expect("it is killed");
        child.wait().expect("it ends");
        batch(&client, &format!("update public.contacts set title = 'after {wait}' where id = 1; update public.companies set name = 'after {wait}' where id = 2")).await;
    }
    // Whether the last one has begun, its record says.
    let child = run(&db, &["--pause", "0"]).spawn().expect("it starts");
    let (mut code, mut said) = ended(child).await;
    if code == Some(2) {
        assert!(said.contains("has begun and is not complete"), "{said}");
        let child = run(&db, &["--pause", "0", "--resume"])
            .spawn()
            .expect("it starts");
        (code, said) = ended(child).await;
    }
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("verification: SUCCESS"), "{said}");
    assert_eq!(lines(&client, TRACES).await, ["0", "0"]);
}
