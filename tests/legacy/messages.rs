//! Errors under the old names are those that old clients got before the migration.

use reqwest::Method;
use serde_json::{Value, json};

use super::Crm;
use crate::schema::{self, BASELINES};
use oppbase::pg::migrations::Baseline;

#[tokio::test]
async fn errors_under_old_names_speak_the_old_words() {
    for baseline in BASELINES {
        let (db, client) = schema::before(baseline).await;
        let hosted = "grant all on all tables in schema public to authenticated; grant all on all sequences in schema public to authenticated";
        schema::batch(&client, hosted).await;
        let before = Crm::serve(db, |_| {}).await;
        let after = Crm::after(baseline).await;
        let notes = match baseline {
            Baseline::Fork => "dealNotes",
            Baseline::Upstream => "deal_notes",
        };
        let deal = json!({"name": "x", "stage": "won", "company_id": 99_999});
        for (method, path, body) in [
            (Method::PATCH, "deals?id=eq.104", json!({"stage": null})),
            (Method::POST, "deals", json!({"stage": "won"})),
            (Method::POST, "deals", deal),
            (
                Method::POST,
                "deals",
                json!({"id": 104, "name": "x", "stage": "won"}),
            ),
            (Method::POST, notes, json!({"deal_id": 99_999, "text": "x"})),
        ] {
            let mut told = vec![];
            for crm in [&before, &after] {
                let path = format!("/rest/v1/{path}");
                let answer = crm.send(method.clone(), &path, &[], Some(&body)).await;
                let status = answer.status();
                let mut error: Value = answer.json().await.expect("JSON");
                // The row that fails has the columns of its table.
                if error["code"] == "23502" {
                    error["details"] = Value::Null;
                }
                told.push((status, error));
            }
            assert!(told[0].0.is_client_error(), "{baseline:?} {path}: {told:?}");
            assert_eq!(told[0], told[1], "{baseline:?} {method} {path} {body}");
        }
    }
}
