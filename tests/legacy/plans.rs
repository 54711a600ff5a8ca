//! The old face costs what the new one costs: PostgreSQL reads both by the same paths.

use oppbase::pg::migrations::Baseline;
use reqwest::Method;
use serde_json::Value;

use super::Crm;
use crate::schema;

/// Node types, relations and indexes from the root down.
fn paths(node: &Value, into: &mut Vec<String>) {
    let text = |key: &str| node[key].as_str().unwrap_or_default().to_owned();
    let is_access = node.get("Relation Name").is_some() || node.get("Index Name").is_some();
    if is_access {
        let condition = ["Index Cond", "Recheck Cond"]
            .map(|key| if node.get(key).is_some() { key } else { "" });
        into.push(format!(
            "{} {} {} {}",
            text("Node Type"),
            text("Relation Name"),
            text("Index Name"),
            condition.concat()
        ));
    } else if ["Sort", "Limit", "Incremental Sort"].contains(&text("Node Type").as_str()) {
        into.push(text("Node Type"));
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        paths(child, into);
    }
}

async fn plan(crm: &Crm, path: &str) -> Vec<String> {
    let accept = "application/vnd.pgrst.plan+json; options=verbose";
    let answer = crm
        .send(Method::GET, path, &[("accept", accept)], None)
        .await;
    assert_eq!(answer.status(), 200, "{path}");
    let json: Value = answer.json().await.expect("a plan");
    let mut found = Vec::new();
    paths(&json[0]["Plan"], &mut found);
    assert!(!found.is_empty(), "{path}: {json}");
    found
}

#[tokio::test]
async fn lists_filters_and_single_reads_take_the_same_paths() {
    for baseline in [Baseline::Fork, Baseline::Upstream] {
        let (db, client) = schema::after(baseline).await;
        schema::batch(&client, "set session_replication_role = replica; \
            insert into public.opportunities (id, name, legacy_stage, stage, probability, company_id, customer_organization_id, sales_id, index, created_at, updated_at, contact_ids, archived_at, deleted_at) \
            select i, 'n' || i, case i % 50 when 0 then 'won' when 1 then 'lost' else 'proposal-sent' end, \
                   (case i % 50 when 0 then 'closed_won' when 1 then 'closed_lost' else 'proposal' end)::public.opportunity_stage, 60, \
                   1 + i % 4, 1 + i % 4, 1 + i % 3, i % 1000, now(), now(), array[i], case when i % 500 = 0 then now() end, case when i % 500 = 0 then now() end \
              from generate_series(2000, 22000) i; \
            set session_replication_role = origin; analyze public.opportunities").await;
        let crm = Crm::serve(db, |config| config.rest.plan_enabled = true).await;
        for (old, new, index) in [
            ("deals?id=eq.5000", "opportunities?id=eq.5000", "pkey"),
            (
                "deals?id=in.(5000,5001,5002)",
                "opportunities?id=in.(5000,5001,5002)",
                "pkey",
            ),
            (
                "deals?limit=25&order=id.desc",
                "opportunities?limit=25&order=id.desc",
                "pkey",
            ),
            (
                "deals?stage=eq.won&order=index.asc&limit=100",
                "opportunities?legacy_stage=eq.won&order=index.asc&limit=100",
                "legacy_stage_index",
            ),
            (
                "deals?stage=in.(won,lost)",
                "opportunities?legacy_stage=in.(won,lost)",
                "legacy_stage_index",
            ),
            (
                "deals?stage=neq.lost&order=stage.asc&limit=10",
                "opportunities?legacy_stage=neq.lost&order=legacy_stage.asc&limit=10",
                "legacy_stage_index",
            ),
            (
                "deals?archived_at=not.is.null&order=archived_at.desc.nullslast&limit=100",
                "opportunities?archived_at=not.is.null&order=archived_at.desc.nullslast&limit=100",
                "archived_at",
            ),
            (
                "deals?company_id=eq.3&order=name.asc&limit=25",
                "opportunities?company_id=eq.3&order=name.asc&limit=25",
                "",
            ),
            (
                "deals?contact_ids=cs.%7B5000%7D",
                "opportunities?contact_ids=cs.%7B5000%7D",
                "contact_ids",
            ),
            (
                "deals?sales_id=eq.1&select=id,companies(name)&limit=10",
                "opportunities?sales_id=eq.1&select=id,companies!company_id(name)&limit=10",
                "",
            ),
            (
                "deals?offset=0&limit=100&archived_at=is.null&order=index.desc.nullslast",
                "opportunities?offset=0&limit=100&archived_at=is.null&order=index.desc.nullslast",
                "",
            ),
        ] {
            let of_old = plan(&crm, &format!("/rest/v1/{old}")).await;
            let of_new = plan(&crm, &format!("/rest/v1/{new}")).await;
            assert_eq!(of_old, of_new, "{baseline:?} {old}");
            assert!(
                of_old.iter().any(|line| line.contains(index)),
                "{baseline:?} {old}: {of_old:?}"
            );
        }
        // Each face by its own column: the same kind of index. (How many rows have one of several enum
        // values PostgreSQL does not estimate under row security, since comparing enums is not leakproof.)
        for (old, new) in [
            ("deals?stage=eq.won", "opportunities?stage=eq.closed_won"),
            (
                "deals?stage=eq.won&order=index.asc",
                "opportunities?stage=eq.closed_won&order=index.asc",
            ),
            (
                "deals?archived_at=not.is.null",
                "opportunities?deleted_at=not.is.null",
            ),
        ] {
            let indexes = |lines: Vec<String>| -> Vec<String> {
                let names = lines
                    .iter()
                    .flat_map(|line| line.split_whitespace().map(str::to_owned));
                names
                    .filter(|name| name.ends_with("_idx"))
                    .map(|name| {
                        name.replace("legacy_stage", "stage")
                            .replace("archived", "deleted")
                    })
                    .collect()
            };
            let of_old = indexes(plan(&crm, &format!("/rest/v1/{old}")).await);
            let of_new = indexes(plan(&crm, &format!("/rest/v1/{new}")).await);
            assert_eq!(of_old, of_new, "{baseline:?} {old}");
            assert_eq!(of_old.len(), 1, "{baseline:?} {old}");
        }
    }
}
