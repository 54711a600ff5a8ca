//! The models of the typed endpoints agree with the catalogue of a migrated database, on both baselines.

use std::collections::BTreeSet;

use oppbase::openapi;
use serde_json::Value;

use crate::common::{Template, TestDb};

/// Schema in the document, relation, whether it describes every column (a row) or some (an input).
const MODELS: [(&str, &str, bool); 8] = [
    ("Opportunity", "opportunities", true),
    ("OpportunityInput", "opportunities", false),
    ("Deal", "deals", true),
    ("DealInput", "deals", false),
    ("ContactOrganization", "contact_organizations", true),
    ("ContactOrganizationInput", "contact_organizations", false),
    ("OpportunityParticipant", "opportunity_participants", true),
    (
        "OpportunityParticipantInput",
        "opportunity_participants",
        false,
    ),
];

/// What is sent with a row and is no column of it.
const NESTED: [(&str, &str); 2] = [
    ("OpportunityInput", "participants"),
    ("OpportunityInput", "contacts"),
];

fn document() -> Value {
    serde_json::from_str(openapi::json()).expect("the document is JSON")
}

/// Names as a sorted set.
fn set<I: IntoIterator<Item = String>>(names: I) -> BTreeSet<String> {
    names.into_iter().collect()
}

#[tokio::test]
async fn models_have_the_columns_of_their_relations() {
    for template in [Template::Fork, Template::Upstream] {
        let db = TestDb::new(template).await;
        let client = db.admin_client().await;
        for (model, relation, is_whole) in MODELS {
            let properties = set(document()["components"]["schemas"][model]["properties"]
                .as_object()
                .unwrap_or_else(|| panic!("{model} is not in the document"))
                .keys()
                .cloned());
            let rows = client
                .query(
                    "select attname::text from pg_attribute
                     where attrelid = ('public.' || $1)::regclass and attnum > 0 and not attisdropped",
                    &[&relation],
                )
                .await
                .expect("columns");
            let columns = set(rows.iter().map(|row| row.get(0)));
            if is_whole {
                assert_eq!(properties, columns, "{model} on {template:?}");
            } else {
                let unknown: Vec<_> = properties
                    .difference(&columns)
                    .filter(|name| !NESTED.contains(&(model, name.as_str())))
                    .collect();
                assert!(
                    unknown.is_empty(),
                    "{model} on {template:?} names {unknown:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn enums_have_the_labels_of_their_types() {
    let db = TestDb::new(Template::Fork).await;
    let client = db.admin_client().await;
    for (model, pg_type) in [
        ("OpportunityStage", "opportunity_stage"),
        ("OpportunityStatus", "opportunity_status"),
        ("PriorityLevel", "priority_level"),
        ("ContactRole", "contact_role"),
    ] {
        let documented: Vec<String> =
            serde_json::from_value(document()["components"]["schemas"][model]["enum"].clone())
                .unwrap_or_else(|e| panic!("{model}: {e}"));
        let rows = client
            .query(
                "select enumlabel::text from pg_enum
                 where enumtypid = ('public.' || $1)::regtype order by enumsortorder",
                &[&pg_type],
            )
            .await
            .expect("labels");
        let labels: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(documented, labels, "{model}");
    }
}
