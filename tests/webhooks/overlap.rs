//! The end of version 1: announced on every delivery, then kept, and said where the owner looks.

use super::*;

const INSERT: &str = "insert into public.opportunities (name, stage) values ('x', 'lead')";
/// 2099-01-31.
const FAR_S: i64 = 4_073_500_800;

async fn ending_at(sunset_s: i64) -> Hooks {
    Hooks::with(Template::Fork, |config| {
        config.legacy.sunset_s = Some(sunset_s);
    })
    .await
}

#[tokio::test]
async fn deliveries_of_version_1_say_when_they_end() {
    let hooks = ending_at(FAR_S).await;
    let old = hooks.subscribe("/old", &["deal.created"]).await;
    let new = hooks.subscribe("/new", &["opportunity.created"]).await;
    hooks.db.batch(INSERT).await;
    hooks.until_drained().await;
    let told = &hooks.receiver.received("/old")[0];
    assert_eq!(told.header("sunset"), Some("Sat, 31 Jan 2099 00:00:00 GMT"));
    // Three months after the schema that brought the new words.
    assert_eq!(told.header("deprecation"), Some("@1801612800"));
    assert_eq!(
        told.header("warning"),
        Some("299 - \"Deprecated event. Subscribe to opportunity.created instead\"")
    );
    let told = &hooks.receiver.received("/new")[0];
    for name in ["sunset", "deprecation", "warning"] {
        assert_eq!(told.header(name), None, "{name}");
    }
    let end = async |id: &str| {
        let path = format!("/webhooks/{id}");
        let (_, shown) = hooks.call(Method::GET, &path, json!({})).await;
        shown["version_1_ends_at"].clone()
    };
    assert_eq!(end(&old).await, "2099-01-31T00:00:00Z");
    assert_eq!(end(&new).await, Value::Null);
}

#[tokio::test]
async fn after_the_end_version_1_is_silent_and_the_subscription_says_why() {
    let hooks = ending_at(1_700_000_000).await;
    // They were there before the end.
    let subscription = |path: &str, events: &str| {
        format!(
            "insert into webhooks.subscription (url, secret, events) values ('{}', '{SECRET}', '{events}');",
            hooks.receiver.url(path)
        )
    };
    let both = subscription("/both", "{deal.created,opportunity.created}");
    let old = subscription("/old", "{deal.created}");
    hooks.db.batch(&(both + &old)).await;
    hooks.db.batch(INSERT).await;
    hooks.until_drained().await;
    let told: Vec<_> = hooks.receiver.accepted("/both");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["event"], "opportunity.created");
    assert!(hooks.receiver.received("/old").is_empty());
    let log = "select jsonb_agg(distinct jsonb_build_array(state, attempts, last_error)) from webhooks.delivery where event like 'deal.%'";
    let reason = "the events `deal.*` and `dealNote.*` ended on 2023-11-14: subscribe to opportunity.* and opportunity_note.*";
    assert_eq!(hooks.value(log).await, json!([["dead", 1, reason]]));

    let state = &hooks.app.running.state;
    let pool = state.admin_pool.clone().unwrap();
    oppbase::webhooks::worker::end_version_1(&pool, state)
        .await
        .unwrap();
    let (_, all) = hooks.call(Method::GET, "/webhooks", json!({})).await;
    let all = all.as_array().unwrap();
    let of = |path: &str| {
        let url = hooks.receiver.url(path);
        all.iter().find(|one| one["url"] == url.as_str()).unwrap()
    };
    assert_eq!(of("/both")["enabled"], true);
    assert_eq!(of("/both")["version_1_ends_at"], "2023-11-14T22:13:20Z");
    assert_eq!(of("/old")["enabled"], false);
    assert_eq!(of("/old")["disabled_reason"], reason);

    let path = format!("/webhooks/{}", of("/old")["id"].as_str().unwrap());
    let enable = json!({"enabled": true});
    let (status, refused) = hooks.call(Method::PATCH, &path, enable).await;
    assert_eq!((status, &refused["code"]), (410, &json!("OPP410")));
    assert_eq!(refused["details"], reason);
    let subscribe = json!({"url": "https://hooks.example.com/", "event": "dealNote.created"});
    let (status, _) = hooks
        .call(Method::POST, "/webhooks/subscribe", subscribe)
        .await;
    assert_eq!(status, 410);
    let moved = json!({"enabled": true, "events": ["opportunity.created"]});
    let (status, shown) = hooks.call(Method::PATCH, &path, moved).await;
    assert_eq!((status, &shown["enabled"]), (200, &json!(true)), "{shown}");
    assert_eq!(shown["disabled_reason"], Value::Null);
    hooks.db.batch(INSERT).await;
    hooks.until_drained().await;
    assert_eq!(hooks.receiver.accepted("/old").len(), 1);
}
