//! Columns that may not be null, and those that fill themselves: the same under the old names and the new.

use reqwest::Method;
use serde_json::json;

use super::Crm;
use crate::schema::BASELINES;

/// What the columns' rules refused and filled while deals were a table, they refuse and fill under every name.
#[tokio::test]
async fn columns_that_must_be_there_must_be_there() {
    for baseline in BASELINES {
        let crm = Crm::after(baseline).await;
        // The rows brought their ids along.
        let next =
            "select setval(pg_get_serial_sequence('public.\"opportunityNotes\"', 'id'), 1000)";
        crm.db.batch(next).await;
        for (method, path, body) in [
            (Method::POST, "/deals", json!({"name": "x", "stage": null})),
            (Method::POST, "/deals", json!({"name": "x"})),
            (
                Method::POST,
                "/rest/v1/deals",
                json!([{"name": "x", "stage": "won"}, {"name": "x", "stage": null}]),
            ),
            (
                Method::POST,
                "/rest/v1/deals",
                json!({"name": null, "stage": "won"}),
            ),
            (
                Method::POST,
                "/rest/v1/deals",
                json!({"id": null, "name": "x", "stage": "won"}),
            ),
            (Method::PATCH, "/deals/6", json!({"stage": null})),
            (
                Method::POST,
                "/opportunities",
                json!({"name": "x", "stage": null}),
            ),
            (
                Method::POST,
                "/rest/v1/opportunities",
                json!({"name": null}),
            ),
            (Method::PATCH, "/opportunities/6", json!({"stage": null})),
            (
                Method::PATCH,
                "/opportunities/6",
                json!({"legacy_stage": null}),
            ),
        ] {
            let (status, error) = crm.write(method, path, &body).await;
            let refused = (status, &error["code"]);
            assert_eq!(refused, (400, &json!("23502")), "{path} {body}: {error}");
        }
        let merge = "resolution=merge-duplicates,return=representation";
        let rows = json!([{"id": 6, "name": "x", "stage": null}]);
        let (status, error) = crm
            .write_as(Method::POST, "/rest/v1/deals", merge, &rows)
            .await;
        assert_eq!((status, &error["code"]), (400, &json!("23502")), "{error}");
        assert_eq!(crm.get("/rest/v1/deals?name=eq.x").await, json!([]));
        // The new vocabulary has a default.
        let (status, made) = crm
            .write(Method::POST, "/opportunities", &json!({"name": "y"}))
            .await;
        assert_eq!((status, &made["stage"]), (201, &json!("lead")), "{made}");
        // Defaults are asked of the relation, as supabase-js does with defaultToNull: false.
        let rows = json!([{"id": 70_001, "name": "d", "stage": "won"}, {"name": "d", "stage": "lost", "created_at": "2020-01-01T00:00:00+00:00"}]);
        let default = "missing=default,return=representation";
        for path in [
            "/rest/v1/deals?columns=id,name,stage,created_at",
            "/rest/v1/opportunities?columns=id,name,legacy_stage,stage,created_at",
        ] {
            let rows = match path.contains("deals") {
                true => rows.clone(),
                false => {
                    json!([{"id": 70_002, "name": "d"}, {"name": "d", "created_at": "2020-01-01T00:00:00+00:00"}])
                }
            };
            let (status, made) = crm.write_as(Method::POST, path, default, &rows).await;
            assert_eq!(status, 201, "{baseline:?} {path}: {made}");
            assert_eq!(made[1]["created_at"], "2020-01-01T00:00:00+00:00");
            assert!(made[1]["id"].is_i64() && made[0]["created_at"].is_string());
        }
        let note = json!([{"id": 70_001, "deal_id": 6, "text": "n"}, {"deal_id": 6, "text": "n"}]);
        for relation in ["dealNotes", "deal_notes"] {
            let path = format!("/rest/v1/{relation}?columns=id,deal_id,text,date");
            let mut note = note.clone();
            note[0]["id"] = json!(if relation == "dealNotes" {
                70_001
            } else {
                70_002
            });
            let (status, made) = crm.write_as(Method::POST, &path, default, &note).await;
            assert_eq!(status, 201, "{baseline:?} {path}: {made}");
            assert!(made[1]["date"].is_string(), "{made}");
        }
    }
}
