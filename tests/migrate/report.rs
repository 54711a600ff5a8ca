//! `oppbase migrate report`: whole, self-contained, escaped; for every end that a run may have.

use oppbase::migrate::report::{self, Report};
use oppbase::migrate::{state, verify};
use oppbase::pg::migrations::Baseline;
use serde_json::Value;
use tokio_postgres::Client;

use super::migrated::{self, RUN};
use crate::schema::{batch, before};

async fn verified(client: &Client) {
    let options = verify::Options {
        performance: false,
        ..verify::Options::new(Baseline::Fork)
    };
    let verification = verify::verify(client, Some(RUN), &options)
        .await
        .expect("a verification");
    verify::record(client, RUN, &verification)
        .await
        .expect("recorded");
}

async fn collected(client: &Client) -> Report {
    report::collect(client, Some(RUN)).await.expect("a report")
}

const STEPS: &str = "\
    insert into migration.migration_history (run_id, phase_number, phase_name, step, status, started_at, completed_at, rows_affected) \
    values ('00000000-0000-0000-0000-0000000000aa', '1.1', 'foundation', 'opportunities', 'completed', '2026-11-22 03:00:00+00', '2026-11-22 03:00:12+00', 44); \
    update migration.migration_history set started_at = '2026-11-22 03:00:00+00', completed_at = '2026-11-22 03:01:05+00'; \
    insert into migration.migration_errors (run_id, phase, step, entity, entity_id, severity, message) \
    values ('00000000-0000-0000-0000-0000000000aa', '1.4', 'tasks', 'tasks', '6', 'low', 'no <date> & \"time\"'); \
    insert into migration.migration_validation_results (run_id, check_type, entity_name, count_value, percentage, status, message) \
    values ('00000000-0000-0000-0000-0000000000aa', 'R4', 'deals', 1, 2.2727, 'WARN', 'deals without a company');";

/// The page without its style, one element a line, so that a snapshot of it can be read.
fn readable(page: &str) -> String {
    let (head, rest) = page.split_once("<style>").expect("a style");
    let (_, body) = rest.split_once("</style>").expect("its end");
    let mut text = format!("{head}{body}");
    for run in ["<tr", "<h2", "<details", "<svg", "<text"] {
        text = text.replace(run, &format!("\n{run}"));
    }
    let lines = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_page_of_a_verified_run() {
    let (_db, client) = migrated::clone(Baseline::Fork).await;
    verified(&client).await;
    batch(&client, STEPS).await;
    let mut report = collected(&client).await;
    assert_eq!(report.status, "SUCCESS");
    assert_eq!(report.samples.len(), 44 + 5 + 4);
    assert_eq!(
        report
            .rollback_deadline
            .map(|at| at.to_rfc3339())
            .as_deref(),
        Some("2026-11-24T03:01:05+00:00")
    );
    let deals = report
        .counts
        .iter()
        .find(|c| c.table == "deals")
        .expect("deals");
    assert_eq!(
        (deals.before, deals.after, deals.difference),
        (Some(44), Some(44), Some(0))
    );
    let stages = |list: &[(String, i64)]| list.iter().map(|(_, n)| n).sum::<i64>();
    assert_eq!(
        (stages(&report.stages_before), stages(&report.stages_after)),
        (44, 44)
    );
    // What differs from run to run and from machine to machine.
    report.environment.database = "crm".into();
    report.environment.server_version = "15.0".into();
    report.environment.size_bytes = 64 << 20;
    report.environment.role = "owner".into();
    report.generated_at = report.run.started_at;
    report
        .samples
        .retain(|sample| sample.id == 105 || sample.id == 4);
    report.environment.tool_version = "0.0.0";
    let page = report::render(&report).expect("a page");
    insta::assert_snapshot!(readable(&page));
}

#[tokio::test]
async fn nothing_is_fetched_and_everything_is_escaped() {
    let (_db, client) = migrated::clone(Baseline::Fork).await;
    batch(
        &client,
        "set session_replication_role = replica; \
         update public.contacts set last_name = '<script>alert(1)</script>' where id = 1; \
         update public.opportunities set legacy_stage = '\"><img src=x>', stage = 'lead' where id = 3; \
         update crm_backup.deals_backup_20261101_000000 set stage = '\"><img src=x>' where id = 3",
    )
    .await;
    batch(&client, "reset session_replication_role").await;
    batch(&client, STEPS).await;
    verified(&client).await;
    let page = report::render(&collected(&client).await).expect("a page");
    for bad in [
        "<script",
        "<img",
        "<link",
        "@import",
        "url(",
        "http://",
        "https://alpha",
    ] {
        let lines = page
            .lines()
            .find(|line| line.contains(bad) && !line.contains("alpha.example"));
        assert_eq!(lines, None, "{bad}");
    }
    assert!(
        page.contains("&lt;script&gt;alert(1)&lt;"),
        "the sample is shown"
    );
    assert!(page.contains("no &lt;date&gt; &amp; &quot;time&quot;"));
    assert!(page.contains("default-src 'none'"));
    for section in [
        "summary",
        "recommendations",
        "quality",
        "counts",
        "stages",
        "performance",
        "issues",
        "validation",
        "skipped",
        "timeline",
        "backups",
        "samples",
        "signatures",
    ] {
        assert!(
            page.contains(&format!("<h2 id=\"{section}\">")),
            "{section}"
        );
    }
}

#[tokio::test]
async fn runs_that_failed_or_were_undone_have_reports() {
    // A run that stopped at its beginning: the old schema, no verification.
    let (db, client) = before(Baseline::Upstream).await;
    state::ensure(&client).await.expect("schema migration");
    let run = state::begin_run(&client, &Value::Null)
        .await
        .expect("a run");
    let note = state::Note {
        error: Some("canceling statement due to lock timeout (55P03)"),
        ..state::Note::default()
    };
    for status in [state::Status::Failed, state::Status::RolledBack] {
        state::mark(&client, run, state::Place::RUN, status, note)
            .await
            .expect("marked");
        let report = report::collect(&client, None).await.expect("a report");
        assert_eq!(report.status, status.as_str().to_uppercase());
        assert_eq!((report.run.id, report.samples.len()), (run, 0));
        assert!(
            report
                .recommendations
                .iter()
                .any(|line| line.contains("No backup set"))
        );
        let page = report::render(&report).expect("a page");
        let says_why = page.contains("canceling statement due to lock timeout (55P03)");
        assert_eq!(says_why, status == state::Status::Failed);
        let first = if status == state::Status::Failed {
            "The run stopped"
        } else {
            "The run was undone"
        };
        assert!(
            report.recommendations[0].starts_with(first),
            "{:?}",
            report.recommendations
        );
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deep").display().to_string();
    let done = super::expect(&db, &["report", "--output", &path], 0).await;
    let files: Vec<&str> = done.stdout.lines().collect();
    assert!(
        files[0].ends_with(".html") && files[1].ends_with(".json"),
        "{files:?}"
    );
    let json: Value =
        serde_json::from_slice(&std::fs::read(files[1]).expect("the file")).expect("JSON");
    assert_eq!(
        (json["status"].as_str(), json["run"]["id"].as_str()),
        (Some("ROLLED_BACK"), Some(run.to_string().as_str()))
    );
}

#[tokio::test]
async fn a_failed_verification_is_what_the_page_begins_with() {
    let (db, client) = migrated::clone(Baseline::Fork).await;
    let done = super::expect(&db, &["verify", "--no-performance"], 0).await;
    assert!(
        done.stdout.ends_with(" s)\n") && done.stdout.contains("SUCCESS (score 100.0"),
        "{}",
        done.stdout
    );
    batch(
        &client,
        "set migration.backfill = 'on'; update public.opportunities set amount = 7 where id = 5",
    )
    .await;
    let done = super::expect(&db, &["verify", "--no-performance"], 1).await;
    assert!(
        done.stdout.contains("CRITICAL content.deals.rows")
            && done.stdout.contains("changed 5: amount"),
        "{}",
        done.stdout
    );
    let report = collected(&client).await;
    assert_eq!(report.status, "FAILED");
    assert!(report.recommendations[0].starts_with("The verification failed. Decide before"));
    let page = report::render(&report).expect("a page");
    assert!(page.contains("<span class=\"badge bad\">FAILED</span>"));
    assert!(page.contains("<code>content.deals.rows</code>"));
    // The JSON on standard output is the verification and nothing else.
    let done = super::expect(&db, &["verify", "--no-performance", "--json"], 1).await;
    let json: Value = serde_json::from_str(&done.stdout).expect("JSON");
    assert_eq!(json["verdict"], "FAILED");
    // Without a backup on purpose.
    super::expect(
        &db,
        &["verify", "--no-performance", "--no-backup-comparison"],
        0,
    )
    .await;
}

#[tokio::test]
async fn there_is_nothing_to_report_or_to_verify_before_a_run() {
    let (db, _client) = before(Baseline::Fork).await;
    let done = super::expect(&db, &["report"], 1).await;
    assert!(
        done.stderr.contains("there has been no run"),
        "{}",
        done.stderr
    );
    let done = super::expect(&db, &["verify"], 1).await;
    assert!(
        done.stderr.contains("has not been migrated"),
        "{}",
        done.stderr
    );
}
