//! `oppbase migrate final-check`: ready, not ready, and what was left out by name.

use oppbase::migrate::final_check::{Options, Readiness, Sweep, sweep};
use oppbase::migrate::verify;
use oppbase::pg::migrations::Baseline;
use tokio_postgres::Client;

use super::migrated::{self, RUN};
use crate::schema::{BASELINES, batch};

async fn verified(client: &Client, baseline: Baseline) {
    let options = verify::Options {
        performance: false,
        ..verify::Options::new(baseline)
    };
    let verification = verify::verify(client, Some(RUN), &options)
        .await
        .expect("a verification");
    verify::record(client, RUN, &verification)
        .await
        .expect("recorded");
}

fn alone() -> Options {
    Options {
        without_api: true,
        without_sign_offs: true,
        ..Options::default()
    }
}

fn not_ready(sweep: &Sweep) -> Vec<&str> {
    let items = sweep.sweep.iter().chain(&sweep.points);
    let items = items.filter(|item| item.result == Readiness::NotReady);
    items.map(|item| item.id.as_str()).collect()
}

#[tokio::test]
async fn four_queries_and_twelve_points_hold_after_a_verified_run() {
    for baseline in BASELINES {
        let (_db, client) = migrated::clone(baseline).await;
        verified(&client, baseline).await;
        let before = migrated::checksums(&client).await;
        let found = sweep(&client, &alone()).await.expect("a sweep");
        assert_eq!(not_ready(&found), Vec::<&str>::new(), "{found:#?}");
        assert!(found.is_ready);
        assert_eq!(found.points.len(), 12);
        let queries = found.sweep.iter().filter(|i| i.id.starts_with("query_"));
        assert_eq!(queries.count(), 4);
        let left_out = found
            .sweep
            .iter()
            .filter(|i| i.result == Readiness::LeftOut);
        assert_eq!(left_out.count(), 2, "the server and the signatures");
        assert_eq!(migrated::checksums(&client).await, before);
    }
}

#[tokio::test]
async fn what_is_missing_is_not_ready() {
    let (_db, client) = migrated::clone(Baseline::Fork).await;
    // Neither verified, nor a server, nor signatures.
    let found = sweep(&client, &Options::default()).await.expect("a sweep");
    assert!(!found.is_ready);
    assert_eq!(
        not_ready(&found),
        ["redirects", "sign_offs", "point_3", "point_11"]
    );
    verified(&client, Baseline::Fork).await;
    batch(
        &client,
        "drop trigger check_principal_organization on public.contact_preferred_principals; \
         drop view public.opportunities_summary; \
         alter table public.opportunities add column deal_size integer; \
         create policy open on public.opportunities for select to anon using (true); \
         grant select on public.opportunities to anon; \
         update migration.migration_backups set dropped_at = now() where table_name = 'tags'; \
         delete from migration.migration_history where phase_number = '1.2'; \
         set session_replication_role = replica; \
         delete from public.contact_organizations where contact_id = 1; \
         update public.contacts set company_id_backup = null where id = 1",
    )
    .await;
    batch(&client, "reset session_replication_role").await;
    let found = sweep(&client, &alone()).await.expect("a sweep");
    assert_eq!(
        not_ready(&found),
        [
            "query_2",
            "query_3",
            "test_opportunity",
            "row_security",
            "old_words",
            "point_1",
            "point_2",
            "point_5",
            "point_6",
            "point_7",
            "point_8",
            "point_9",
            "point_10",
            "point_12"
        ],
        "{found:#?}"
    );
}

#[tokio::test]
async fn the_program_says_ready_or_not_by_its_exit_code() {
    let (db, client) = migrated::clone(Baseline::Upstream).await;
    let done = super::expect(
        &db,
        &["final-check", "--without-api", "--without-sign-offs"],
        1,
    )
    .await;
    assert!(
        done.stdout.contains("[ ] point 3") && done.stdout.ends_with("NOT READY\n"),
        "{}",
        done.stdout
    );
    verified(&client, Baseline::Upstream).await;
    let done = super::expect(
        &db,
        &["final-check", "--without-api", "--without-sign-offs"],
        0,
    )
    .await;
    assert!(
        done.stdout.ends_with("READY\n") && !done.stdout.contains("[ ]"),
        "{}",
        done.stdout
    );
    assert_eq!(done.stdout.matches("[x] point").count(), 11);
    // Nobody listens there: asked, and not ready.
    let done = super::expect(
        &db,
        &[
            "final-check",
            "--api-url",
            "http://127.0.0.1:9",
            "--without-sign-offs",
        ],
        1,
    )
    .await;
    assert!(
        done.stdout.contains("the server does not answer"),
        "{}",
        done.stdout
    );
}
