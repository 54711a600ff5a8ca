//! Every old name through HTTP, as old clients use it: lists, counts, embeds, single rows, writes of every
//! kind, on both baselines, before the migration and after it.

use oppbase::pg::migrations::Baseline;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Crm, header};
use crate::schema::BASELINES;

fn ids(rows: &Value) -> Vec<i64> {
    rows.as_array()
        .expect("a list")
        .iter()
        .map(|row| row["id"].as_i64().expect("an id"))
        .collect()
}

fn keys(row: &Value) -> Vec<&str> {
    row.as_object()
        .expect("a row")
        .keys()
        .map(String::as_str)
        .collect()
}

const DEAL: &[&str] = &[
    "id",
    "name",
    "company_id",
    "contact_ids",
    "category",
    "stage",
    "description",
    "amount",
    "created_at",
    "updated_at",
    "archived_at",
    "expected_closing_date",
    "sales_id",
    "index",
];

#[tokio::test]
async fn reads_answer_in_the_old_words() {
    for baseline in BASELINES {
        let crm = Crm::after(baseline).await;
        for list in ["/rest/v1/deals", "/deals"] {
            let rows = crm.get(&format!("{list}?id=eq.104")).await;
            let mut found = keys(&rows[0]);
            let mut wanted = DEAL.to_vec();
            found.sort_unstable();
            wanted.sort_unstable();
            assert_eq!(found, wanted, "{baseline:?}");
            assert_eq!(rows[0]["stage"], "won");
            assert_eq!(rows[0]["contact_ids"], json!([3, 3, 2, 3]));
            assert_eq!(rows[0]["amount"], json!(9_007_199_254_740_993_i64));

            // The board: a column, without the archived, in its order, counted.
            let path = format!(
                "{list}?offset=0&limit=100&archived_at=is.null&stage=eq.opportunity&order=index.desc.nullslast,id.asc"
            );
            let answer = crm
                .send(Method::GET, &path, &[("prefer", "count=exact")], None)
                .await;
            let range = header(&answer, "content-range")
                .expect("counted")
                .to_owned();
            let rows: Value = answer.json().await.expect("JSON");
            assert!(
                rows.as_array()
                    .expect("a list")
                    .iter()
                    .all(|row| row["stage"] == "opportunity")
            );
            assert!(
                range.ends_with(&format!("/{}", ids(&rows).len())),
                "{range}"
            );

            // The old text is a sort key and a filter of its own.
            let rows = crm
                .get(&format!("{list}?select=stage&order=stage.asc&limit=200"))
                .await;
            let stages: Vec<_> = rows
                .as_array()
                .expect("a list")
                .iter()
                .map(|row| row["stage"].as_str().expect("text"))
                .collect();
            assert!(stages.len() > 40 && stages.contains(&"Negotiation - Legal Review"));
            let lost = crm
                .get(&format!("{list}?stage=neq.lost&select=id,stage"))
                .await;
            assert!(
                lost.as_array()
                    .expect("a list")
                    .iter()
                    .all(|row| row["stage"] != "lost")
            );
            let one = crm
                .get(&format!("{list}?contact_ids=cs.%7B3%7D&id=eq.103"))
                .await;
            assert_eq!(ids(&one), [103]);
        }
        let item = crm.get("/deals/7").await;
        assert_eq!(
            (&item["id"], &item["archived_at"].is_null()),
            (&json!(7), &false)
        );
        assert_eq!(crm.get("/rest/v1/deals/7").await, item);
        let summary = crm.get("/rest/v1/deals_summary?id=eq.104&select=*").await;
        assert_eq!(summary[0]["company_name"], "Alpha");
        assert_eq!(
            summary[0]["contact_names"],
            json!(["Cyd Three", "Cyd Three", "Bob Two", "Cyd Three"])
        );
        assert_eq!(
            (&summary[0]["nb_notes"], &summary[0]["stage"]),
            (&json!(2), &json!("won"))
        );
        assert!(summary[0].get("priority").is_none());
        for notes in ["dealNotes", "deal_notes"] {
            let rows = crm
                .get(&format!("/rest/v1/{notes}?deal_id=eq.104&order=date.desc"))
                .await;
            assert_eq!(ids(&rows), [1, 2]);
            assert_eq!(rows[0]["attachments"], json!([{"src": "b"}, null]));
            assert!(rows[0].get("opportunity_id").is_none());
        }
        let rows = crm
            .get("/rest/v1/opportunity_notes?opportunity_id=eq.104&order=id")
            .await;
        assert_eq!(ids(&rows), [1, 2]);
    }
}

#[tokio::test]
async fn both_logs_tell_of_the_same_events_in_their_own_words() {
    for baseline in BASELINES {
        let crm = Crm::after(baseline).await;
        let types = |rows: &Value| {
            let mut types: Vec<_> = rows
                .as_array()
                .expect("a list")
                .iter()
                .map(|row| row["type"].as_str().expect("text").to_owned())
                .collect();
            types.sort();
            types.dedup();
            types
        };
        let old = crm.get("/rest/v1/activity_log?limit=200&order=id").await;
        assert_eq!(
            types(&old),
            [
                "company.created",
                "contact.created",
                "contactNote.created",
                "deal.created",
                "dealNote.created"
            ]
        );
        let new = crm
            .get("/rest/v1/opportunity_activity_log?limit=200&order=id")
            .await;
        assert_eq!(
            types(&new),
            [
                "company.created",
                "contact.created",
                "contactNote.created",
                "opportunity.created",
                "opportunityNote.created"
            ]
        );
        let old = crm
            .get("/rest/v1/activity_log?id=eq.deal.104.created")
            .await;
        assert_eq!(
            (&old[0]["deal"]["stage"], &old[0]["company_id"]),
            (&json!("won"), &json!(1))
        );
        let new = crm
            .get("/rest/v1/opportunity_activity_log?id=eq.opportunity.104.created")
            .await;
        assert_eq!(new[0]["opportunity"]["stage"], "closed_won");
        let note = crm
            .get("/rest/v1/activity_log?id=eq.dealNote.1.created")
            .await;
        assert_eq!(
            (&note[0]["deal_note"]["deal_id"], &note[0]["company_id"]),
            (&json!(104), &json!(1))
        );
    }
}

#[tokio::test]
async fn embeds_of_old_names_resolve_from_everywhere() {
    for baseline in BASELINES {
        let crm = Crm::after(baseline).await;
        let one = |rows: Value| rows[0].clone();
        let company = one(crm
            .get("/rest/v1/companies?id=eq.2&select=id,deals(id,stage)&deals.order=id")
            .await);
        assert!(ids(&company["deals"]).contains(&108), "{baseline:?}");
        let inner = crm
            .get("/rest/v1/companies?select=id,deals!inner(id)&deals.stage=eq.Won")
            .await;
        assert_eq!(ids(&inner), [2]);
        let sales = one(crm.get("/rest/v1/sales?id=eq.1&select=id,deals(id)").await);
        assert!(ids(&sales["deals"]).contains(&104));
        let deal = one(crm
            .get("/rest/v1/deals?id=eq.104&select=*,companies(name),sales(first_name)")
            .await);
        assert_eq!(
            (&deal["companies"]["name"], &deal["sales"]["first_name"]),
            (&json!("Alpha"), &json!("First1"))
        );
        let typed = crm.get("/deals/104?select=id,company:companies(id)").await;
        assert_eq!(typed, json!({"id": 104, "company": {"id": 1}}));
        for notes in ["dealNotes", "deal_notes"] {
            let note = one(crm
                .get(&format!(
                    "/rest/v1/{notes}?id=eq.1&select=id,deals(id,stage)"
                ))
                .await);
            assert_eq!(note, json!({"id": 1, "deals": {"id": 104, "stage": "won"}}));
            let note = one(crm
                .get(&format!(
                    "/rest/v1/{notes}?id=eq.1&select=id,opportunities(id,stage)"
                ))
                .await);
            assert_eq!(note["opportunities"]["stage"], "closed_won");
            let deal = one(crm
                .get(&format!(
                    "/rest/v1/deals?id=eq.104&select=id,{notes}(id)&{notes}.order=id"
                ))
                .await);
            assert_eq!(deal, json!({"id": 104, notes: [{"id": 1}, {"id": 2}]}));
        }
        let deal = one(crm
            .get("/rest/v1/deals?id=eq.101&select=id,opportunityNotes(id)")
            .await);
        assert_eq!(ids(&deal["opportunityNotes"]), [3]);
    }
}

#[tokio::test]
async fn writes_of_every_kind_reach_the_same_rows() {
    for baseline in BASELINES {
        let crm = Crm::after(baseline).await;
        let (status, made) = crm.write(Method::POST, "/rest/v1/deals", &json!({"name": "a", "stage": "won", "company_id": 1, "contact_ids": [], "index": 0})).await;
        assert_eq!((status, &made[0]["stage"]), (201, &json!("won")));
        let id = made[0]["id"].as_i64().expect("an id");
        let (status, bulk) = crm
            .write(
                Method::POST,
                "/rest/v1/deals",
                &json!([{"name": "b", "stage": "lost"}, {"name": "c", "stage": "delayed"}]),
            )
            .await;
        assert_eq!((status, bulk.as_array().map(Vec::len)), (201, Some(2)));
        let list = ids(&bulk);
        let new = crm.get(&format!("/rest/v1/opportunities?id=in.({id},{},{})&order=id&select=stage,status,probability,priority,customer_organization_id", list[0], list[1])).await;
        assert_eq!(
            new,
            json!([
                {"stage": "closed_won", "status": "active", "probability": 100, "priority": "medium", "customer_organization_id": 1},
                {"stage": "closed_lost", "status": "active", "probability": 0, "priority": "medium", "customer_organization_id": null},
                {"stage": "nurturing", "status": "nurturing", "probability": 15, "priority": "medium", "customer_organization_id": null},
            ])
        );
        // Upserts: by the key, by on_conflict, ignoring, and as PUT.
        let (status, _) = crm.write_as(Method::POST, "/rest/v1/deals?on_conflict=id", "resolution=merge-duplicates,return=representation", &json!([{"id": id, "name": "a2", "stage": "opportunity"}, {"id": list[0], "name": "b2", "stage": "lost"}])).await;
        assert!(status == 200 || status == 201, "{status}");
        let (status, none) = crm
            .write_as(
                Method::POST,
                "/rest/v1/deals",
                "resolution=ignore-duplicates,return=representation",
                &json!({"id": id, "name": "lost", "stage": "lost"}),
            )
            .await;
        assert!(
            (status, &none) == (200, &json!([])) || (status, &none) == (201, &json!([])),
            "{status} {none}"
        );
        let mut whole = crm.get(&format!("/rest/v1/deals?id=eq.{id}")).await[0].clone();
        assert_eq!(
            (&whole["name"], &whole["stage"]),
            (&json!("a2"), &json!("opportunity"))
        );
        whole["name"] = "a3".into();
        let (status, put) = crm
            .write(Method::PUT, &format!("/rest/v1/deals?id=eq.{id}"), &whole)
            .await;
        assert_eq!((status, &put[0]["name"]), (200, &json!("a3")));
        // CSV in and out.
        let csv = format!("id,name,stage,amount\n{id},\"a, \"\"4\"\"\",won,NULL\n");
        let answer = crm
            .user
            .post(crm.app.url("/rest/v1/deals"))
            .header("content-type", "text/csv")
            .header("prefer", "resolution=merge-duplicates")
            .body(csv)
            .send()
            .await
            .expect("csv");
        assert!(answer.status().is_success(), "{}", answer.status());
        let answer = crm
            .send(
                Method::GET,
                &format!("/rest/v1/deals?id=eq.{id}&select=name,stage,amount"),
                &[("accept", "text/csv")],
                None,
            )
            .await;
        assert_eq!(
            answer.text().await.expect("csv"),
            "name,stage,amount\n\"a, \"\"4\"\"\",won,"
        );
        // Bulk update, archive, delete.
        let (status, rows) = crm
            .write(
                Method::PATCH,
                &format!("/rest/v1/deals?id=in.({},{})", list[0], list[1]),
                &json!({"archived_at": "2026-01-01T00:00:00+00:00"}),
            )
            .await;
        assert_eq!((status, ids(&rows).len()), (200, 2));
        let archived = crm
            .get(&format!(
                "/rest/v1/opportunities?id=in.({},{})&deleted_at=not.is.null",
                list[0], list[1]
            ))
            .await;
        assert_eq!(ids(&archived).len(), 2);
        // Notes under every name.
        crm.db
            .batch(
                "select setval(pg_get_serial_sequence('public.\"opportunityNotes\"', 'id'), 1000)",
            )
            .await;
        for notes in ["dealNotes", "deal_notes"] {
            let (status, note) = crm.write(Method::POST, &format!("/rest/v1/{notes}"), &json!({"deal_id": id, "text": notes, "date": "2026-11-21T21:52", "attachments": [{"src": "x"}]})).await;
            assert_eq!((status, &note[0]["deal_id"]), (201, &json!(id)));
            let (status, _) = crm
                .write(
                    Method::PATCH,
                    &format!("/rest/v1/{notes}?id=eq.{}", note[0]["id"]),
                    &json!({"text": "changed"}),
                )
                .await;
            assert_eq!(status, 200);
        }
        assert_eq!(
            crm.get(&format!(
                "/rest/v1/opportunityNotes?opportunity_id=eq.{id}&select=text"
            ))
            .await,
            json!([{"text": "changed"}, {"text": "changed"}])
        );
        let (status, gone) = crm
            .write(
                Method::DELETE,
                &format!("/rest/v1/deals?id=eq.{id}"),
                &Value::Null,
            )
            .await;
        assert_eq!((status, ids(&gone)), (200, vec![id]));
        assert_eq!(
            crm.get(&format!("/rest/v1/opportunityNotes?opportunity_id=eq.{id}"))
                .await,
            json!([])
        );
    }
}

#[tokio::test]
async fn refusals_name_both_columns_of_a_pair() {
    let crm = Crm::after(Baseline::Fork).await;
    for (body, one, other) in [
        (
            json!({"company_id": 1, "customer_organization_id": 2}),
            "company_id",
            "customer_organization_id",
        ),
        (
            json!({"archived_at": "2025-01-01", "deleted_at": "2025-01-02"}),
            "archived_at",
            "deleted_at",
        ),
        (
            json!({"expected_closing_date": "2025-01-01", "estimated_close_date": "2025-01-02"}),
            "expected_closing_date",
            "estimated_close_date",
        ),
        (
            json!({"stage": "closed_won", "legacy_stage": "lost"}),
            "stage",
            "legacy_stage",
        ),
    ] {
        let mut insert = body.clone();
        insert["name"] = "x".into();
        for (method, path, sent) in [
            (Method::PATCH, "/rest/v1/opportunities?id=eq.104", &body),
            (Method::POST, "/rest/v1/opportunities", &insert),
        ] {
            // The row's own values are a change for none of them.
            let before = crm.get("/rest/v1/opportunities?id=eq.104").await;
            if method == Method::PATCH {
                crm.write(
                    Method::PATCH,
                    "/rest/v1/opportunities?id=eq.104",
                    &json!({"stage": "proposal", "company_id": 3}),
                )
                .await;
            }
            let (status, error) = crm.write(method.clone(), path, sent).await;
            assert_eq!(status, 400, "{method} {sent}: {error}");
            let message = error["message"].as_str().expect("a message");
            assert!(
                message.contains(&format!("\"{one}\""))
                    && message.contains(&format!("\"{other}\"")),
                "{message}"
            );
            assert!(
                error["hint"]
                    .as_str()
                    .expect("a hint")
                    .contains("same value")
            );
            let restore =
                json!({"stage": before[0]["stage"], "company_id": before[0]["company_id"]});
            crm.write(Method::PATCH, "/rest/v1/opportunities?id=eq.104", &restore)
                .await;
        }
    }
    // The same fact twice is no contradiction.
    let (status, _) = crm.write(Method::PATCH, "/rest/v1/opportunities?id=eq.104", &json!({"company_id": 2, "customer_organization_id": 2, "expected_closing_date": "2025-01-01T10:00:00Z", "estimated_close_date": "2025-01-01"})).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn before_the_migration_the_original_tables_are_served_without_a_word() {
    for baseline in BASELINES {
        let db = super::unmigrated(baseline).await;
        let notes = match baseline {
            Baseline::Fork => "dealNotes",
            Baseline::Upstream => "deal_notes",
        };
        let crm = Crm::serve(db, |_| {}).await;
        for path in [
            "/rest/v1/deals?id=eq.104",
            "/deals?id=eq.104",
            "/deals/104",
            "/rest/v1/deals/104",
        ] {
            let answer = crm.send(Method::GET, path, &[], None).await;
            for name in [
                "deprecation",
                "sunset",
                "warning",
                "x-deprecated",
                "link",
                "x-alternative",
            ] {
                assert_eq!(header(&answer, name), None, "{baseline:?} {path}");
            }
            assert_eq!(answer.status(), 200, "{baseline:?} {path}");
            let body: Value = answer.json().await.expect("JSON");
            let row = if body.is_array() { &body[0] } else { &body };
            assert_eq!((&row["id"], &row["stage"]), (&json!(104), &json!("won")));
        }
        let (status, row) = crm
            .write(Method::PATCH, "/deals/104", &json!({"stage": "lost"}))
            .await;
        assert_eq!((status, &row["stage"]), (200, &json!("lost")));
        let embedded = crm
            .get(&format!(
                "/rest/v1/companies?id=eq.1&select=id,deals(id,{notes}(id))&deals.id=eq.104"
            ))
            .await;
        assert_eq!(
            embedded[0]["deals"][0][notes].as_array().map(Vec::len),
            Some(2)
        );
        // A browser is not sent to pages that are not there yet.
        let page = crm
            .user
            .get(crm.app.url("/deals/104"))
            .header("accept", "text/html")
            .send()
            .await
            .expect("a page");
        assert_ne!(page.status(), 308);
        let missing = crm
            .send(Method::GET, "/rest/v1/opportunities", &[], None)
            .await;
        assert_eq!(missing.status(), 404);
    }
}
