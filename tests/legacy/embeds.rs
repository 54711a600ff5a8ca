//! What an old client embeds by a foreign key's column or name is answered after the migration as it was
//! before, and what a new client is told of old names: nothing.

use oppbase::pg::migrations::Baseline;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Crm, header};
use crate::schema::{self, BASELINES};

/// Requests of old clients; `NOTES` is the table of notes on deals, which has another name upstream.
const READS: &[&str] = &[
    // By the key's column.
    "NOTES?select=id,deal:deal_id(id,stage)&order=id",
    "NOTES?select=id,deal_id(*)&order=id",
    "NOTES?select=id,...deal_id(stage,deal:id)&order=id",
    "NOTES?select=id,deal:deal_id!inner(stage)&deal.stage=eq.won&order=id",
    "NOTES?select=id,deal_id!inner(stage)&deal_id.stage=in.(lost,opportunity)&order=id",
    "NOTES?select=id,deal:deal_id(id,companies(name))&order=id",
    "NOTES?select=id,deal:deal_id(id,company:company_id(name),sales(id))&order=id",
    "NOTES?select=id,deal:deal_id(stage)&order=deal(stage).desc,id",
    "NOTES?select=id,sales_id(first_name)&order=id",
    "deals?select=id,company:company_id(name),owner:sales_id(id)&order=id",
    "companies?select=id,deals!company_id(id,stage)&order=id&deals.order=id",
    "companies?select=id,deals(id,NOTES(id,deal_id(stage)))&id=in.(1,2)&order=id&deals.order=id",
    "sales?select=id,NOTES(id,deal_id(stage))&order=id&NOTES.order=id",
    // From a table of the site.
    "quotes?select=id,deal_id(id,stage)&order=id",
    "quotes?select=id,quotes_deal_id_fkey(stage)&order=id",
    "quotes?select=id,d:deal_id!inner(stage)&d.stage=eq.won&order=id",
    "quotes?select=id,deal_id(companies(name))&order=id",
    "deals?select=id,quotes!inner(id,deal_id(stage))&order=id&quotes.order=id",
    "companies?select=id,deals(id,quotes(id,q:quotes_deal_id_fkey(stage)))&id=in.(1,2)&order=id&deals.order=id",
    // By the key's name, as a hint.
    "NOTES?select=id,deals!dealNotes_deal_id_fkey(id,stage)&order=id",
    "NOTES?select=id,sales!dealNotes_sales_id_fkey(id)&order=id",
    "deals?select=id,companies!deals_company_id_fkey(name)&order=id",
    "deals?select=id,...companies!deals_company_id_fkey(name)&order=id",
    "deals?select=id,sales!deals_sales_id_fkey!inner(id)&sales.id=eq.1&order=id",
    "deals?select=id,NOTES!dealNotes_deal_id_fkey(id)&id=gt.100&order=id&NOTES.order=id",
    "companies?select=id,deals!deals_company_id_fkey(id,stage)&order=id&deals.order=id",
    "companies?select=id,d:deals!deals_company_id_fkey!inner(id)&d.stage=eq.lost&order=id&d.order=id",
    "companies_summary?select=id,deals!deals_company_id_fkey(id)&order=id&deals.order=id",
    "sales?select=id,deals!deals_sales_id_fkey(id,companies!deals_company_id_fkey(name))&order=id&deals.order=id",
    // By the key's name, as the target.
    "NOTES?select=id,dealNotes_deal_id_fkey(id,stage)&order=id",
    "deals?select=id,deals_company_id_fkey(name),deals_sales_id_fkey(id)&order=id",
    "deals?select=id,dealNotes_deal_id_fkey(*)&id=gt.100&order=id&dealNotes_deal_id_fkey.order=id",
    "companies?select=id,deals_company_id_fkey(*)&id=in.(3,4)&order=id&deals_company_id_fkey.order=id",
    "companies_summary?select=id,deals_company_id_fkey(id,stage)&order=id&deals_company_id_fkey.order=id",
    "sales?select=id,n:dealNotes_sales_id_fkey(id,deal_id)&order=id&n.order=id",
];

/// The same of writes.
fn writes() -> Vec<(Method, &'static str, Value)> {
    let note = json!({"id": 900, "deal_id": 104, "text": "x", "date": "2026-01-01", "sales_id": 1});
    vec![
        (
            Method::POST,
            "NOTES?select=id,deal_id(id,stage),sales!dealNotes_sales_id_fkey(id)",
            note,
        ),
        (
            Method::PATCH,
            "NOTES?id=eq.900&select=text,deal:deal_id(stage),...dealNotes_deal_id_fkey(name)",
            json!({"text": "y"}),
        ),
        (
            Method::PATCH,
            "deals?id=eq.104&select=id,stage,companies!deals_company_id_fkey(name),\
             NOTES!dealNotes_deal_id_fkey(id,text)&NOTES.order=id",
            json!({"stage": "lost"}),
        ),
        (
            Method::PATCH,
            "companies?id=eq.1&select=id,deals_company_id_fkey(id,stage)&deals_company_id_fkey.order=id",
            json!({"name": "Gamma"}),
        ),
        (
            Method::DELETE,
            "NOTES?id=eq.900&select=id,deal_id(id,stage,company_id(name))",
            Value::Null,
        ),
    ]
}

fn notes(baseline: Baseline) -> &'static str {
    match baseline {
        Baseline::Fork => "dealNotes",
        Baseline::Upstream => "deal_notes",
    }
}

#[tokio::test]
async fn old_clients_embed_by_columns_and_keys_as_before_the_migration() {
    for baseline in BASELINES {
        let own = "create table public.quotes (id bigint primary key, \
                   deal_id bigint constraint quotes_deal_id_fkey references public.DEALS); \
                   grant all on public.quotes to authenticated; \
                   insert into public.quotes select id, id from public.DEALS";
        let old = super::unmigrated(baseline).await;
        old.batch(&own.replace("DEALS", "deals")).await;
        let before = Crm::serve(old, |_| {}).await;
        let (new, _client) = schema::after(baseline).await;
        new.batch(&own.replace("DEALS", "opportunities")).await;
        let after = Crm::serve(new, |_| {}).await;
        let path = |text: &str| format!("/rest/v1/{}", text.replace("NOTES", notes(baseline)));
        for read in READS {
            let path = path(read);
            let shown = before.get(&path).await;
            assert_ne!(shown, json!([]), "{baseline:?} {path}");
            assert_eq!(after.get(&path).await, shown, "{baseline:?} {path}");
        }
        for (method, write, body) in writes() {
            let path = path(write);
            let shown = before.write(method.clone(), &path, &body).await;
            assert!(
                shown.0 < 300 && shown.1[0].is_object(),
                "{baseline:?} {path}: {shown:?}"
            );
            let now = after.write(method, &path, &body).await;
            assert_eq!(now, shown, "{baseline:?} {path}");
        }
    }
}

#[tokio::test]
async fn both_names_of_notes_show_the_old_face_and_new_names_the_new_one() {
    for baseline in BASELINES {
        let crm = Crm::after(baseline).await;
        for notes in ["dealNotes", "deal_notes"] {
            for target in ["deal_id", "dealNotes_deal_id_fkey"] {
                let path = format!(
                    "/rest/v1/{notes}?id=eq.1&select=deal:{target}(stage)&deal.stage=eq.won"
                );
                let rows = crm.get(&path).await;
                assert_eq!(rows, json!([{"deal": {"stage": "won"}}]), "{path}");
            }
        }
        for path in [
            "opportunityNotes?id=eq.1&select=o:opportunity_id(stage)",
            "opportunity_notes?id=eq.1&select=o:opportunity_id(stage)",
            "opportunityNotes?id=eq.1&select=o:opportunityNotes_opportunity_id_fkey(stage)",
        ] {
            let rows = crm.get(&format!("/rest/v1/{path}")).await;
            assert_eq!(rows, json!([{"o": {"stage": "closed_won"}}]), "{path}");
        }
    }
}

#[tokio::test]
async fn a_key_by_its_old_name_is_a_use_of_the_old_names() {
    let by_key = "/rest/v1/companies?select=id,deals_company_id_fkey(id)";
    let (db, _client) = schema::after(Baseline::Fork).await;
    let crm = Crm::serve(db, |_| {}).await;
    let answer = crm.send(Method::GET, by_key, &[], None).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "x-deprecated"), Some("true"));
    assert_eq!(header(&answer, "x-alternative"), Some("/opportunities"));
    let by_new_key = "/rest/v1/companies?select=id,opportunities_company_id_fkey(id)";
    let answer = crm.send(Method::GET, by_new_key, &[], None).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "x-deprecated"), None);

    let Crm { db, .. } = crm;
    let ended = Crm::serve(db, |config| config.legacy.sunset_s = Some(1)).await;
    let answer = ended.send(Method::GET, by_key, &[], None).await;
    assert_eq!(answer.status(), 410);
    let answer = ended.send(Method::GET, by_new_key, &[], None).await;
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn new_clients_are_not_sent_to_old_names() {
    let crm = Crm::after(Baseline::Fork).await;
    let hint = async |path: &str| {
        let path = format!("/rest/v1/{path}");
        let answer = crm.send(Method::GET, &path, &[], None).await;
        assert!(
            [400, 404].contains(&answer.status().as_u16()),
            "{path}: {}",
            answer.status()
        );
        let error: Value = answer.json().await.expect("JSON");
        error["hint"].as_str().unwrap_or_default().to_owned()
    };
    for path in [
        "opportunities?select=id,notes(*)",
        "opportunities?select=id,dealNote(*)",
        "sales?select=id,deal(*)",
        "companies?select=id,deal_summary(id)",
        "activity_logs",
        "deals_summry",
        "dealss",
    ] {
        let hint = hint(path).await;
        let meant = hint.split(" instead of ").next().unwrap_or_default();
        for old in ["deal", "'activity_log'", "public.activity_log'"] {
            assert!(!meant.contains(old), "{path}: {hint}");
        }
    }
    let to_new = hint("sales?select=id,opportunitie(*)").await;
    assert!(to_new.contains("'opportunities'"), "{to_new}");
    // Who uses old names is helped with them.
    let to_old = hint("dealNotes?select=id,deal(*)").await;
    assert!(to_old.contains("'deals'"), "{to_old}");
}
