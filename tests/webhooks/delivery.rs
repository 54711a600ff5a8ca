//! What a receiver gets: signed requests in both vocabularies, in order, again with the same id.

use std::collections::HashMap;
use std::time::SystemTime;

use standardwebhooks::Webhook;

use super::receiver::{Received, Reply};
use super::*;

fn verify(request: &Received, secret: &str) -> bool {
    let mut headers = reqwest::header::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let value = request.header(name).unwrap().parse().unwrap();
        headers.insert(name, value);
    }
    let webhook = Webhook::new(secret).unwrap();
    webhook.verify(&request.body, &headers).is_ok()
}

/// As a receiver of the guide does it.
fn hex_hmac(secret: &str, body: &[u8]) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    let sum = mac.finalize().into_bytes();
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn both_vocabularies_are_delivered_signed() {
    let hooks = Hooks::new().await;
    hooks
        .subscribe("/old", &["deal.created", "deal.stage_changed"])
        .await;
    hooks
        .subscribe(
            "/new",
            &["opportunity.created", "opportunity.stage_changed"],
        )
        .await;
    hooks
        .db
        .batch(
            "insert into public.opportunities (id, name, stage, company_id, contact_ids, amount)
               values (1, 'Spring', 'lead', 1001, '{2002,2001}', 9007199254740993);
             update public.opportunities set stage = 'proposal' where id = 1;",
        )
        .await;
    hooks.until_drained().await;
    let (old, new) = (
        hooks.receiver.received("/old"),
        hooks.receiver.received("/new"),
    );
    for requests in [&old, &new] {
        assert_eq!(requests.len(), 2);
        for request in requests.iter() {
            let body = request.json();
            assert!(verify(request, SECRET));
            let ours = request.header("x-webhook-signature").unwrap();
            assert_eq!(ours, hex_hmac(SECRET, &request.body));
            assert_eq!(request.header("webhook-id"), body["id"].as_str());
            assert_eq!(request.header("content-type"), Some("application/json"));
            let sent: chrono::DateTime<chrono::Utc> =
                body["timestamp"].as_str().unwrap().parse().unwrap();
            assert!(SystemTime::from(sent) < SystemTime::now());
        }
    }
    let [created, changed] = [old[0].json(), old[1].json()];
    assert_eq!(created["event"], "deal.created");
    assert_eq!(
        created["metadata"],
        json!({"version": "1.0", "source": "crm"})
    );
    assert_eq!(created["data"]["stage"], "opportunity");
    assert_eq!(created["data"]["contact_id"], 2002);
    assert_eq!(created["data"]["contact_ids"], json!([2002, 2001]));
    assert_eq!(created["data"]["amount"], json!(9_007_199_254_740_993_i64));
    assert_eq!(changed["data"]["stage"], "proposal-sent");
    assert_eq!(changed["data"]["previous_stage"], "opportunity");
    let [created, changed] = [new[0].json(), new[1].json()];
    assert_eq!(created["metadata"]["version"], "2.0");
    assert_eq!(created["data"]["probability"], 10);
    assert_eq!(created["data"]["participants"][0]["organization_id"], 1001);
    assert_eq!(
        created["data"]["contacts"][1],
        json!({"contact_id": 2001, "role": null, "is_primary": false})
    );
    assert_eq!(changed["data"]["previous_stage"], "lead");
    assert_eq!(changed["data"]["stage"], "proposal");
    // The columns are those of the table, but for the search vector.
    let columns = hooks
        .value("select jsonb_agg(attname order by attnum) from pg_attribute where attrelid = 'public.opportunities'::regclass and attnum > 0 and not attisdropped and attname <> 'search_tsv'")
        .await;
    let sent: Vec<_> = created["data"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    let expected = columns.as_array().unwrap();
    assert_eq!(json!(sent[..expected.len()]), json!(expected));
    assert_eq!(sent[expected.len()..], ["participants", "contacts"]);
}

#[tokio::test]
async fn a_record_keeps_its_order_and_does_not_hold_up_others() {
    let hooks = Hooks::new().await;
    // The first event of record 1 is refused three times, everything else every other time.
    let mut seen: HashMap<String, u32> = HashMap::new();
    hooks.receiver.answer(move |request| {
        let body = request.json();
        let times = seen.entry(body["id"].as_str().unwrap().into()).or_default();
        *times += 1;
        let refusals = if body["data"]["id"] == 1 && body["data"]["amount"] == 0 {
            3
        } else {
            1
        };
        Reply::status(if *times <= refusals { 500 } else { 200 })
    });
    hooks
        .subscribe("/", &["opportunity.created", "opportunity.updated"])
        .await;
    hooks
        .db
        .batch("insert into public.opportunities (id, name, stage, amount) select n, 'x', 'lead', 0 from generate_series(1, 5) n")
        .await;
    for _ in 0..4 {
        hooks
            .db
            .batch("update public.opportunities set amount = amount + 1")
            .await;
    }
    hooks.until_drained().await;
    let mut by_record: HashMap<i64, Vec<i64>> = HashMap::new();
    for body in hooks.receiver.accepted("/") {
        let data = &body["data"];
        by_record
            .entry(data["id"].as_i64().unwrap())
            .or_default()
            .push(data["amount"].as_i64().unwrap());
    }
    assert_eq!(by_record.len(), 5);
    for (record, amounts) in by_record {
        assert_eq!(amounts, [0, 1, 2, 3, 4], "record {record}");
    }
    // The same id and the same bytes at every attempt.
    let mut bodies: HashMap<String, Vec<u8>> = HashMap::new();
    for request in hooks.receiver.received("/") {
        let id = request.header("webhook-id").unwrap().to_owned();
        assert_eq!(
            *bodies.entry(id).or_insert_with(|| request.body.clone()),
            request.body
        );
    }
    assert_eq!(bodies.len(), 25);
}

#[tokio::test]
async fn while_a_secret_is_replaced_both_sign() {
    let hooks = Hooks::new().await;
    let id = hooks.subscribe("/", &["opportunity.created"]).await;
    let insert = "insert into public.opportunities (name, stage) values ('x', 'lead')";
    let (status, rotated) = hooks
        .call(
            Method::POST,
            &format!("/webhooks/{id}/rotate-secret"),
            json!({"overlap_s": 600}),
        )
        .await;
    assert_eq!(status, 200, "{rotated}");
    assert!(rotated["previous_secret_until"].is_string());
    let second = rotated["secret"].as_str().unwrap().to_owned();
    hooks.db.batch(insert).await;
    hooks.until_drained().await;
    let request = &hooks.receiver.received("/")[0];
    assert!(verify(request, SECRET) && verify(request, &second));
    assert_eq!(
        request.header("x-webhook-signature").unwrap(),
        hex_hmac(SECRET, &request.body)
    );
    assert_eq!(
        request.header("x-webhook-signature-new").unwrap(),
        hex_hmac(&second, &request.body)
    );
    // Without an overlap the old one is worth nothing at once.
    let (_, rotated) = hooks
        .call(
            Method::POST,
            &format!("/webhooks/{id}/rotate-secret"),
            json!({"overlap_s": 0}),
        )
        .await;
    let third = rotated["secret"].as_str().unwrap();
    hooks.db.batch(insert).await;
    hooks.until_drained().await;
    let request = &hooks.receiver.received("/")[1];
    assert!(verify(request, third) && !verify(request, SECRET) && !verify(request, &second));
    assert_eq!(
        request.header("x-webhook-signature").unwrap(),
        hex_hmac(third, &request.body)
    );
    assert_eq!(request.header("x-webhook-signature-new"), None);
}

#[tokio::test]
async fn claims_of_a_dead_process_are_taken_over_and_blocked_ones_freed() {
    let hooks = Hooks::with(Template::Fork, |config| config.crm.webhooks.concurrency = 0).await;
    hooks.subscribe("/", &["opportunity.created"]).await;
    hooks
        .db
        .batch(
            "insert into public.opportunities (name, stage) select 'x', 'lead' from generate_series(1, 3);
             update webhooks.delivery set state = 'sending', claim = gen_random_uuid(), lease_until = now() - interval '1 s' where id = 1;
             update webhooks.delivery set state = 'sending', claim = gen_random_uuid(), lease_until = now() + interval '1 h' where id = 2;
             update webhooks.delivery set state = 'blocked' where id = 3",
        )
        .await;
    let second = spawn_app(&hooks.db, |config| {
        config.crm.webhooks.reach = Reach::Loopback
    })
    .await;
    let state = "select jsonb_agg(state order by id) from webhooks.delivery";
    hooks
        .until(state, json!(["delivered", "sending", "blocked"]))
        .await;
    let pool = second.running.state.admin_pool.clone().unwrap();
    let config = second.running.state.config().crm.webhooks.clone();
    oppbase::webhooks::worker::clean(&pool, &config)
        .await
        .unwrap();
    hooks
        .until(state, json!(["delivered", "sending", "delivered"]))
        .await;
}

#[tokio::test]
async fn old_rows_go_and_young_ones_stay() {
    let hooks = Hooks::with(Template::Fork, |config| config.crm.webhooks.concurrency = 0).await;
    let id = hooks
        .subscribe("/", &["opportunity.created", "deal.created"])
        .await;
    hooks
        .db
        .batch(
            "insert into public.opportunities (name, stage) select 'x', 'lead' from generate_series(1, 4);
             update webhooks.delivery set state = 'delivered', finished_at = now() - interval '8 days' where id in (1, 2, 3);
             update webhooks.delivery set state = 'delivered', finished_at = now() - interval '6 days' where id = 4;
             update webhooks.delivery set state = 'dead', finished_at = now() - interval '8 days' where id = 5;
             update webhooks.delivery set state = 'dead', finished_at = now() - interval '91 days' where id = 6",
        )
        .await;
    let pool = hooks.app.running.state.admin_pool.clone().unwrap();
    let config = hooks.app.running.state.config().crm.webhooks.clone();
    let clean = || oppbase::webhooks::worker::clean(&pool, &config);
    assert_eq!(clean().await.unwrap(), 4);
    let left = "select jsonb_agg(id order by id) from webhooks.delivery";
    assert_eq!(hooks.value(left).await, json!([4, 5, 7, 8]));
    let changes = "select jsonb_agg(id order by id) from webhooks.outbox";
    assert_eq!(hooks.value(changes).await, json!([2, 3, 4]));
    // A subscription that ended takes everything with it.
    let (status, _) = hooks
        .call(Method::DELETE, &format!("/webhooks/{id}"), json!({}))
        .await;
    assert_eq!(status, 204);
    assert_eq!(clean().await.unwrap(), 4);
    assert_eq!(
        hooks.value("select count(*) from webhooks.outbox").await,
        json!(0)
    );
}

/// A replay that was answered is made, though the cleaning had found the delivery before.
#[tokio::test]
async fn cleaning_leaves_what_is_replayed_meanwhile() {
    let hooks = Hooks::with(Template::Fork, |config| config.crm.webhooks.concurrency = 0).await;
    hooks.subscribe("/", &["opportunity.created"]).await;
    hooks
        .db
        .batch(
            "insert into public.opportunities (name, stage) select 'x', 'lead' from generate_series(1, 2);
             update webhooks.delivery set state = 'dead', finished_at = now() - interval '91 days'",
        )
        .await;
    let replay = hooks.sql().await;
    // What a replay does, not yet committed.
    replay
        .batch_execute("begin; update webhooks.delivery set state = 'queued', attempts = 0, finished_at = null, next_attempt_at = now() where id = 1")
        .await
        .unwrap();
    let pool = hooks.app.running.state.admin_pool.clone().unwrap();
    let config = hooks.app.running.state.config().crm.webhooks.clone();
    let cleaning =
        tokio::spawn(async move { oppbase::webhooks::worker::clean(&pool, &config).await });
    let waits = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    hooks.until(waits, json!(1)).await;
    replay.batch_execute("commit").await.unwrap();
    assert_eq!(cleaning.await.unwrap().unwrap(), 1);
    let left = "select jsonb_agg(jsonb_build_array(d.id, d.state, o.id is not null)) \
                  from webhooks.delivery d left join webhooks.outbox o on o.id = d.outbox_id";
    assert_eq!(hooks.value(left).await, json!([[1, "queued", true]]));
}
