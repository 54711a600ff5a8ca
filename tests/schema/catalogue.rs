//! The catalogue: our baselines are those of the real products, both targets agree, a second run changes
//! nothing, and an existing project keeps what it has.

use oppbase::pg::migrations::{self, Baseline, MigrationError};
use tokio_postgres::Client;

use super::{BASELINES, after, batch, before, lines, recorded, text};
use crate::common::{Template, TestDb};

const CATALOGUE: &str = include_str!("catalogue.sql");

/// Every fact of the catalogue about schema public and the auth hooks, one line each, sorted.
async fn catalogue(client: &Client) -> Vec<String> {
    lines(client, CATALOGUE).await
}

/// Rows of every table of schema public, as one checksum per table.
async fn checksums(client: &Client) -> Vec<String> {
    let tables = lines(
        client,
        "select oid::regclass from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1",
    )
    .await;
    let mut found = vec![];
    for table in tables {
        let sum = text(client, &format!("select count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) from {table} t")).await;
        found.push(format!("{table} {sum:?}"));
    }
    found
}

fn fixture(baseline: Baseline) -> Option<String> {
    let path = recorded(&format!("baseline_{}.sql", baseline.folder()))?;
    std::fs::read_to_string(path).ok()
}

#[tokio::test]
async fn our_baseline_is_the_recorded_one() {
    for baseline in BASELINES {
        let Some(sql) = fixture(baseline) else { return };
        let recorded = TestDb::new(Template::Empty).await;
        let recorded_client = recorded.admin_client().await;
        batch(&recorded_client, &sql).await;
        let (_db, client) = before(baseline).await;
        assert_eq!(
            catalogue(&client).await,
            catalogue(&recorded_client).await,
            "{baseline:?}"
        );
    }
}

#[tokio::test]
async fn an_existing_project_is_adopted_and_keeps_its_functions() {
    for baseline in BASELINES {
        let Some(sql) = fixture(baseline) else { return };
        let db = TestDb::new(Template::Empty).await;
        let mut client = db.admin_client().await;
        batch(&client, &sql).await;
        // What an existing project brought: functions of every schema, owners and shapes of its tables.
        let functions = "select p.oid::regprocedure::text as name, md5(p.prosrc || p.proowner) as body from pg_proc p \
             where p.pronamespace = any (array['auth', 'extensions']::regnamespace[]) or p.pronamespace::regnamespace::text = 'net'";
        let tables = "select c.oid::regclass::text as name, c.relowner || ' ' || c.relnatts as body from pg_class c \
             where c.oid = any (array['auth.users', 'storage.objects', 'storage.buckets']::regclass[])";
        batch(
            &client,
            &format!("create temporary table brought as {functions} union all {tables}"),
        )
        .await;
        let applied = migrations::apply(&mut client, baseline, false)
            .await
            .expect("an empty CRM");
        assert!(applied.adopted);
        assert!(
            !applied
                .migrations
                .iter()
                .any(|name| name.starts_with("baseline"))
        );
        let changed = lines(&client, &format!(
            "select name from (select * from brought except (({functions}) union all ({tables}))) x")).await;
        assert_eq!(changed, Vec::<String>::new());
        // And the other product is told apart.
        let other = if baseline == Baseline::Fork {
            Baseline::Upstream
        } else {
            Baseline::Fork
        };
        let error = migrations::apply(&mut client, other, false)
            .await
            .expect_err("the other product");
        assert!(
            matches!(error, MigrationError::OtherBaseline { .. }),
            "{error}"
        );
    }
}

#[tokio::test]
async fn applying_twice_changes_nothing() {
    for baseline in BASELINES {
        let db = TestDb::new(Template::Empty).await;
        let mut client = db.admin_client().await;
        let first = migrations::apply(&mut client, baseline, true)
            .await
            .expect("a new database");
        assert!(first.demo && !first.adopted && !first.migrations.is_empty());
        let before = (catalogue(&client).await, checksums(&client).await);
        let second = migrations::apply(&mut client, baseline, true)
            .await
            .expect("again");
        assert_eq!(second, migrations::Applied::default());
        assert_eq!((catalogue(&client).await, checksums(&client).await), before);
        let history = lines(
            &client,
            "select version, name from supabase_migrations.schema_migrations order by 1",
        )
        .await;
        let expected: Vec<_> = migrations::migrations(baseline)
            .iter()
            .map(|m| format!("{}|{}", m.version, m.name))
            .collect();
        assert_eq!(history, expected);
    }
}

#[tokio::test]
async fn a_crm_with_deals_is_left_to_the_migration_engine() {
    let (_db, mut client) = before(Baseline::Fork).await;
    let rows = checksums(&client).await;
    let error = migrations::apply(&mut client, Baseline::Fork, false)
        .await
        .expect_err("deals");
    assert!(matches!(error, MigrationError::ExistingDeals), "{error}");
    assert_eq!(checksums(&client).await, rows);
}

#[tokio::test]
async fn both_targets_agree_in_everything_new() {
    let mut found = vec![];
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        let query = format!(
            "select * from ({CATALOGUE}) facts (kind, relation, fact) \
              where relation = any (array['opportunities', 'opportunityNotes', 'deals', 'deals_summary', 'dealNotes', \
                'deal_notes', 'opportunity_notes', 'opportunities_summary', 'contact_organizations', \
                'contact_preferred_principals', 'opportunity_participants', 'opportunity_contacts', 'opportunity_products', \
                'activities', 'interaction_participants', 'contact_influence_profile', 'principal_advocacy_dashboard', \
                'opportunities_with_participants', 'opportunities_legacy', 'engagement_analytics', 'interaction_analytics', \
                'contact_engagement_summary', 'merge_contacts'])"
        );
        // What differs by design: the closing date's type, citext e-mail, upstream's own triggers.
        let facts: Vec<_> = lines(&client, &query)
            .await
            .into_iter()
            .filter(|line| {
                ![
                    "expected_closing_date",
                    "sales_email",
                    "sales_id_trigger",
                    "delete_note_attachments",
                ]
                .iter()
                .any(|word| line.contains(word))
            })
            .collect();
        assert!(facts.len() > 200);
        found.push(facts);
    }
    let upstream = found.pop();
    assert_eq!(found.pop(), upstream);
}
