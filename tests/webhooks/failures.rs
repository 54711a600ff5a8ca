//! Receivers that fail, ask for a pause, are gone, lead elsewhere or lead inside.

use super::receiver::Reply;
use super::*;

const INSERT: &str = "insert into public.opportunities (id, name, stage) values (1, 'x', 'lead')";

#[tokio::test]
async fn what_is_given_up_lets_the_next_pass_and_can_be_replayed() {
    let hooks = Hooks::with(Template::Fork, |config| {
        config.crm.webhooks.max_attempts = 3
    })
    .await;
    hooks.receiver.answer(|request| {
        Reply::status(if request.json()["event"] == "opportunity.created" {
            500
        } else {
            200
        })
    });
    let events = ["opportunity.created", "opportunity.updated"];
    let id = hooks.subscribe("/", &events).await;
    hooks.db.batch(INSERT).await;
    hooks
        .db
        .batch("update public.opportunities set amount = 1")
        .await;
    hooks.until_drained().await;
    let received: Vec<_> = hooks
        .receiver
        .received("/")
        .iter()
        .map(|r| r.json()["event"].clone())
        .collect();
    assert_eq!(
        received,
        [
            "opportunity.created",
            "opportunity.created",
            "opportunity.created",
            "opportunity.updated"
        ]
    );
    let (status, dead) = hooks
        .call(
            Method::GET,
            &format!("/webhooks/{id}/deliveries?state=dead"),
            json!({}),
        )
        .await;
    assert_eq!((status, dead.as_array().unwrap().len()), (200, 1));
    assert_eq!(
        (&dead[0]["attempts"], &dead[0]["last_status"]),
        (&json!(3), &json!(500))
    );
    assert_eq!(dead[0]["last_error"], "status 500");
    hooks.receiver.answer(|_| Reply::status(200));
    let (status, replayed) = hooks
        .call(Method::POST, &format!("/webhooks/{id}/replay"), json!({}))
        .await;
    assert_eq!((status, replayed), (202, json!({"replayed": 1})));
    hooks.until_drained().await;
    let last = hooks.receiver.received("/").pop().unwrap();
    assert_eq!(last.header("webhook-id"), dead[0]["message_id"].as_str());
    // One that was delivered may be asked for again too.
    let path = format!("/webhooks/deliveries/{}/replay", dead[0]["id"]);
    assert_eq!(hooks.call(Method::POST, &path, json!({})).await.0, 202);
    hooks.until_drained().await;
    assert_eq!(hooks.receiver.received("/").len(), 6);
    let metrics = hooks.app.running.state.metrics.render();
    for line in [
        "crm_webhook_deliveries_total{outcome=\"dead\"} 1",
        "crm_webhook_deliveries_total{outcome=\"failed\"} 2",
        "crm_webhook_deliveries_total{outcome=\"delivered\"} 3",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}

#[tokio::test]
async fn retry_after_is_respected_by_the_whole_endpoint() {
    let hooks = Hooks::new().await;
    let mut is_first = true;
    hooks
        .receiver
        .answer(move |_| match std::mem::take(&mut is_first) {
            true => Reply::status(503).header("Retry-After", "2"),
            false => Reply::status(200),
        });
    hooks.subscribe("/", &["opportunity.created"]).await;
    hooks.db.batch(INSERT).await;
    hooks
        .until("select attempts from webhooks.delivery", json!(1))
        .await;
    hooks
        .db
        .batch("insert into public.opportunities (id, name, stage) values (2, 'y', 'lead')")
        .await;
    hooks.until_drained().await;
    let received = hooks.receiver.received("/");
    assert_eq!(received.len(), 3);
    for later in &received[1..] {
        let waited = later.at.duration_since(received[0].at);
        assert!(waited >= Duration::from_millis(1900), "{waited:?}");
    }
}

#[tokio::test]
async fn one_that_is_gone_is_disabled_and_one_that_hangs_fails() {
    let hooks = Hooks::with(Template::Fork, |config| {
        config.crm.webhooks.timeout_ms = 100;
        config.crm.webhooks.max_attempts = 2;
    })
    .await;
    hooks
        .receiver
        .answer(|request| match request.path.as_str() {
            "/gone" => Reply::status(410),
            _ => Reply::status(200).after(Duration::from_secs(3)),
        });
    let gone = hooks.subscribe("/gone", &["opportunity.created"]).await;
    let slow = hooks.subscribe("/slow", &["opportunity.created"]).await;
    hooks.db.batch(INSERT).await;
    hooks.until_drained().await;
    let (_, shown) = hooks
        .call(Method::GET, &format!("/webhooks/{gone}"), json!({}))
        .await;
    assert_eq!(shown["enabled"], false, "{shown}");
    assert_eq!(shown["disabled_reason"], "the receiver answered 410 Gone");
    assert_eq!(hooks.receiver.received("/gone").len(), 1);
    let (_, log) = hooks
        .call(
            Method::GET,
            &format!("/webhooks/{slow}/deliveries"),
            json!({}),
        )
        .await;
    assert_eq!(
        (&log[0]["state"], &log[0]["attempts"]),
        (&json!("dead"), &json!(2))
    );
    assert_eq!(log[0]["last_error"], "no answer in 100 ms");
    assert_eq!(log[0]["last_status"], Value::Null);
}

#[tokio::test]
async fn a_dead_endpoint_is_disabled_and_goes_on_where_it_stopped_once_enabled() {
    let hooks = Hooks::new().await;
    hooks.receiver.answer(|_| Reply::status(500));
    let id = hooks
        .subscribe("/", &["opportunity.created", "opportunity.updated"])
        .await;
    hooks.db.batch(INSERT).await;
    hooks
        .db
        .batch("update public.opportunities set amount = 1")
        .await;
    hooks
        .until(
            "select failing_since is not null from webhooks.subscription",
            json!(true),
        )
        .await;
    hooks
        .db
        .batch("update webhooks.subscription set failing_since = now() - interval '121 hours'")
        .await;
    hooks
        .until("select enabled from webhooks.subscription", json!(false))
        .await;
    let (_, shown) = hooks
        .call(Method::GET, &format!("/webhooks/{id}"), json!({}))
        .await;
    assert_eq!(shown["disabled_reason"], "no success in 120 hours");
    // While it is disabled nothing is noted for it.
    hooks
        .db
        .batch("update public.opportunities set amount = 2")
        .await;
    hooks.receiver.answer(|_| Reply::status(200));
    let (status, shown) = hooks
        .call(
            Method::PATCH,
            &format!("/webhooks/{id}"),
            json!({"enabled": true}),
        )
        .await;
    assert_eq!(
        (status, &shown["enabled"], &shown["disabled_reason"]),
        (200, &json!(true), &Value::Null)
    );
    hooks.until_drained().await;
    let amounts: Vec<_> = hooks
        .receiver
        .accepted("/")
        .iter()
        .map(|b| b["data"]["amount"].clone())
        .collect();
    assert_eq!(amounts, [Value::Null, json!(1)]);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let hooks = Hooks::with(Template::Fork, |config| {
        config.crm.webhooks.max_attempts = 1
    })
    .await;
    let elsewhere = hooks.receiver.url("/elsewhere");
    hooks
        .receiver
        .answer(move |_| Reply::status(307).header("Location", &elsewhere));
    hooks.subscribe("/", &["opportunity.created"]).await;
    hooks.db.batch(INSERT).await;
    hooks.until_drained().await;
    assert_eq!(hooks.receiver.received("/").len(), 1);
    assert!(hooks.receiver.received("/elsewhere").is_empty());
    let state = "select jsonb_build_array(state, last_status) from webhooks.delivery";
    assert_eq!(hooks.value(state).await, json!(["dead", 307]));
}

#[tokio::test]
async fn names_that_lead_inside_are_refused_after_they_were_resolved() {
    let hooks = Hooks::with(Template::Fork, |config| {
        config.crm.webhooks.reach = Reach::Public;
        config.crm.webhooks.max_attempts = 2;
    })
    .await;
    let subscribe = |url: String| {
        let body = json!({"url": url, "event": "opportunity.created"});
        hooks.call(Method::POST, "/webhooks/subscribe", body)
    };
    let port = hooks.receiver.port();
    let (status, refused) = subscribe(format!("http://127.0.0.1:{port}/")).await;
    assert_eq!((status, &refused["code"]), (400, &json!("PGRST102")));
    assert!(
        refused["hint"]
            .as_str()
            .unwrap()
            .contains("webhook-allow-private")
    );
    let (status, made) = subscribe(format!("http://localhost:{port}/")).await;
    assert_eq!(status, 201, "{made}");
    hooks.db.batch(INSERT).await;
    hooks.until_drained().await;
    let error = "select jsonb_build_array(state, last_error) from webhooks.delivery";
    assert_eq!(
        hooks.value(error).await,
        json!(["dead", "an address that is not public"])
    );
    assert!(hooks.receiver.received("/").is_empty());
}

#[tokio::test]
async fn endpoints_that_hang_do_not_hold_up_the_others() {
    let hooks = Hooks::with(Template::Fork, |config| {
        config.crm.webhooks.concurrency = 8;
        config.crm.webhooks.max_attempts = 1000;
    })
    .await;
    hooks
        .receiver
        .answer(|request| match request.path.as_str() {
            "/well" => Reply::status(200),
            _ => Reply::status(200).after(Duration::from_secs(60)),
        });
    for path in ["/hangs", "/hangs-too"] {
        hooks.subscribe(path, &["opportunity.created"]).await;
    }
    let created = "insert into public.opportunities (name, stage) select 'x', 'lead' from generate_series(1, 50)";
    hooks.db.batch(created).await;
    // They have what they get before the third one comes.
    hooks
        .until(
            "select count(distinct subscription_id) from webhooks.delivery where state = 'sending'",
            json!(2),
        )
        .await;
    let well = hooks.subscribe("/well", &["opportunity.created"]).await;
    hooks.db.batch(created).await;
    let delivered = format!(
        "select count(*) from webhooks.delivery where state = 'delivered' and subscription_id = '{well}'"
    );
    hooks.until(&delivered, json!(50)).await;
    let shares = hooks
        .value("select coalesce(max(n), 0) <= 4 from (select count(*) as n from webhooks.delivery where state = 'sending' group by subscription_id) s")
        .await;
    assert_eq!(shares, json!(true), "nobody has more than half of the room");
}

/// What one row holds is nobody else's trouble: what is nested deeply is told, what is gone ends with a word.
#[tokio::test]
async fn a_change_that_cannot_be_read_holds_up_nobody() {
    let hooks = Hooks::new().await;
    let events = ["opportunity.created", "opportunity_note.created"];
    let id = hooks.subscribe("/", &events).await;
    hooks
        .db
        .batch(&format!(
            "begin;
             insert into public.opportunities (id, name, stage) select n, 'x', 'lead' from generate_series(1, 6) n;
             insert into public.\"opportunityNotes\" (opportunity_id, text, attachments)
               values (1, 'deep', array['{}'::jsonb]);
             set constraints all immediate;
             update webhooks.outbox set occurred_at = 'infinity' where record_id = 2;
             delete from webhooks.outbox where record_id = 3;
             commit",
            format_args!("{}1{}", "[".repeat(1000), "]".repeat(1000))
        ))
        .await;
    hooks.until_drained().await;
    let told = hooks.receiver.received("/");
    assert_eq!(told.len(), 5, "four opportunities and the note");
    let deep = "[".repeat(1001);
    assert!(told.iter().any(|request| {
        String::from_utf8_lossy(&request.body).contains(&format!("\"attachments\":{deep}1"))
    }));
    let path = format!("/webhooks/{id}/deliveries?state=dead");
    let (_, dead) = hooks.call(Method::GET, &path, json!({})).await;
    let mut reasons: Vec<_> = dead
        .as_array()
        .unwrap()
        .iter()
        .map(|delivery| delivery["last_error"].as_str().unwrap())
        .collect();
    reasons.sort_unstable();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(
        reasons[0].starts_with("its change cannot be read: "),
        "{reasons:?}"
    );
    assert_eq!(reasons[1], "its change is gone from the queue");
}
