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
            (Method::POST, "deals", json!({})),
            (Method::POST, "deals", json!({"name": "x"})),
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

/// What a site's own rules say is theirs, and so are names in another schema.
#[tokio::test]
async fn a_sites_own_sentences_and_schemas_are_told_as_they_are() {
    let (db, client) = schema::after(Baseline::Fork).await;
    schema::batch(
        &client,
        "create function public.own_rule() returns trigger language plpgsql as $$ begin \
           if new.name = 'opportunities' then \
             raise exception 'The name \"%\" is taken', new.name using errcode = '23505'; end if; \
           return new; end $$; \
         create trigger own_rule before insert on public.opportunities for each row execute function public.own_rule(); \
         create schema shop; grant usage on schema shop to authenticated; \
         create table shop.deals (id int, opportunities int not null); \
         grant all on shop.deals to authenticated",
    )
    .await;
    let crm = Crm::serve(db, |config| config.rest.schemas.push("shop".into())).await;
    let taken = json!({"name": "opportunities", "stage": "won"});
    let (status, error) = crm.write(Method::POST, "/rest/v1/deals", &taken).await;
    assert_eq!(
        (status, &error["message"]),
        (409, &json!("The name \"opportunities\" is taken"))
    );
    let shop = [("content-profile", "shop"), ("accept-profile", "shop")];
    let answer = crm
        .send(
            Method::POST,
            "/rest/v1/deals",
            &shop,
            Some(&json!({"id": 1})),
        )
        .await;
    assert!(!answer.headers().contains_key("deprecation"));
    let told: Value = answer.json().await.expect("JSON");
    assert_eq!(
        told["message"],
        "null value in column \"opportunities\" of relation \"deals\" violates not-null constraint"
    );
    let answer = crm.send(Method::GET, "/rest/v1/deals", &[], None).await;
    assert!(answer.headers().contains_key("deprecation"));
}
