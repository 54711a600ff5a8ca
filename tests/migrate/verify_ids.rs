//! Ids up to the end of bigint: the trials of the verification find ids of their own.

use oppbase::migrate::final_check::{Options, sweep};
use oppbase::migrate::verify;
use oppbase::pg::migrations::Baseline;
use tokio_postgres::Client;

use super::migrated::{self, RUN};
use super::verify::{ids, options, verified};
use crate::schema::{BASELINES, batch};

/// Rows whose ids no trial can add to; one more in the middle of what is left.
const LAST: &str = "\
    insert into public.companies (id, name, logo) values (9223372036854775807, 'Last', '{}'), (4611686018427387904, 'Middle', '{}'); \
    insert into public.contacts (id, first_name, avatar) values (9223372036854775807, 'Last', '{}'); \
    insert into public.opportunities (id, name, company_id) values (9223372036854775806, 'Last', 9223372036854775807); \
    insert into public.\"opportunityNotes\" (id, opportunity_id, text) values (9223372036854775807, 9223372036854775806, 'Last'); \
    insert into public.contact_notes (id, contact_id, text) values (9223372036854775807, 9223372036854775807, 'Last'); \
    insert into public.activities (id, activity_type, type, subject, contact_id) \
      values (9223372036854775807, 'engagement', 'call', 'Last', 9223372036854775807); \
    insert into public.tags (id, name, color) values (9223372036854775800, 'Last', 'gray'); \
    insert into public.tasks (id, contact_id, type, text, due_date) values (9223372036854775807, 9223372036854775807, 'none', 'Last', '2024-01-01')";

#[tokio::test]
async fn ids_near_the_end_of_the_numbers_are_no_finding() {
    for baseline in BASELINES {
        let (_db, client) = migrated::clone(baseline).await;
        batch(&client, LAST).await;
        let before = migrated::checksums(&client).await;
        let found = verified(
            &client,
            &verify::Options {
                performance: true,
                ..options(baseline)
            },
        )
        .await;
        let mut wrong = ids(&found);
        // How long the questions take is not asked here, but that they can be asked is.
        wrong.retain(|id| !id.starts_with("performance."));
        assert!(wrong.is_empty(), "{baseline:?} {:#?}", found.findings());
        for measure in &found.performance {
            assert_eq!(measure.fault, None, "{}", measure.name);
        }
        assert_eq!(migrated::checksums(&client).await, before);
    }
}

#[tokio::test]
async fn the_final_check_tries_its_opportunity_beside_the_last_id() {
    let (_db, client) = migrated::clone(Baseline::Fork).await;
    batch(&client, LAST).await;
    assert_eq!(tried(&client).await, Vec::<String>::new());
}

/// The items of the sweep that are tried with rows and do not hold.
async fn tried(client: &Client) -> Vec<String> {
    let found = verified(client, &options(Baseline::Fork)).await;
    verify::record(client, RUN, &found).await.expect("recorded");
    let alone = Options {
        without_api: true,
        without_sign_offs: true,
        ..Options::default()
    };
    let swept = sweep(client, &alone).await.expect("a sweep");
    let items = swept.sweep.iter().chain(&swept.points);
    items
        .filter(|item| item.result == oppbase::migrate::final_check::Readiness::NotReady)
        .map(|item| format!("{}: {}", item.id, item.proof))
        .collect()
}
