//! `/webhooks` over HTTP: who may, what is refused and how, what is shown and what never again.

use oppbase::crm::model::RestError;
use oppbase::webhooks::routes::subscriptions::CreatedSubscription;
use oppbase::webhooks::routes::test::TestResult;
use standardwebhooks::Webhook;
use uuid::Uuid;

use super::receiver::Reply;
use super::*;

const USERS: &str = "\
    insert into auth.users (id, email) values ('00000000-0000-0000-0000-000000000001', 'admin@x.example'),
      ('00000000-0000-0000-0000-000000000002', 'sales@x.example'), ('00000000-0000-0000-0000-000000000003', 'left@x.example');
    update public.sales set administrator = user_id <> '00000000-0000-0000-0000-000000000002',
      disabled = user_id = '00000000-0000-0000-0000-000000000003';";

/// Verb and path of every endpoint; `{id}` stands for a subscription, `{n}` for a delivery.
const ENDPOINTS: &[(&str, &str)] = &[
    ("POST", "/webhooks/subscribe"),
    ("GET", "/webhooks"),
    ("GET", "/webhooks/{id}"),
    ("PATCH", "/webhooks/{id}"),
    ("DELETE", "/webhooks/{id}"),
    ("POST", "/webhooks/{id}/rotate-secret"),
    ("GET", "/webhooks/{id}/deliveries"),
    ("POST", "/webhooks/{id}/replay"),
    ("POST", "/webhooks/deliveries/1/replay"),
    ("POST", "/webhooks/test"),
];

#[tokio::test]
async fn only_administrators_and_the_service_key_may() {
    for template in [Template::Fork, Template::Upstream] {
        let hooks = Hooks::with(template, |_| {}).await;
        hooks.db.batch(USERS).await;
        let id = hooks.subscribe("/", &["deal.won"]).await;
        let user = |n: u128| hooks.app.authenticated(Uuid::from_u128(n));
        let callers = [
            (hooks.app.anon(), 401),
            (user(2), 403),
            (user(3), 403),
            (user(99), 403),
            (reqwest::Client::new(), 401),
        ];
        for (client, expected) in &callers {
            for (method, path) in ENDPOINTS {
                let method: Method = method.parse().unwrap();
                let url = hooks.app.url(&path.replace("{id}", &id));
                let answer = client
                    .request(method, &url)
                    .body("not even JSON")
                    .send()
                    .await
                    .unwrap();
                assert_eq!(answer.status().as_u16(), *expected, "{url}");
                let body: Value = answer.json().await.unwrap();
                assert!(body["message"].is_string(), "{body}");
                if *expected == 403 {
                    assert_eq!(body["code"], "42501");
                }
            }
        }
        for client in [user(1), hooks.app.service()] {
            let answer = client.get(hooks.app.url("/webhooks")).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 200);
            assert_eq!(answer.json::<Vec<Value>>().await.unwrap().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_subscription_lives_through_all_operations_and_shows_its_secret_once() {
    let hooks = Hooks::new().await;
    let body = json!({"event": "deal.won", "events": ["opportunity.won", "deal.won"],
        "url": "https://hooks.example.com/a#b", "description": "first"});
    let (status, made) = hooks.call(Method::POST, "/webhooks/subscribe", body).await;
    assert_eq!(status, 201, "{made}");
    let made: CreatedSubscription = serde_json::from_value(made).unwrap();
    assert!(made.secret.starts_with("whsec_"));
    let shown = &made.subscription;
    assert_eq!(shown.events, ["opportunity.won", "deal.won"]);
    assert_eq!(
        (shown.url.as_str(), shown.enabled),
        ("https://hooks.example.com/a", true)
    );
    let path = format!("/webhooks/{}", shown.id);
    let (_, one) = hooks.call(Method::GET, &path, json!({})).await;
    let (_, all) = hooks.call(Method::GET, "/webhooks", json!({})).await;
    assert_eq!(all, json!([one]));
    let (status, changed) = hooks
        .call(
            Method::PATCH,
            &path,
            json!({"events": ["deal.lost"], "enabled": false, "description": null}),
        )
        .await;
    assert_eq!(status, 200);
    assert_eq!(
        (
            &changed["events"],
            &changed["enabled"],
            &changed["description"],
            &changed["url"]
        ),
        (
            &json!(["deal.lost"]),
            &json!(false),
            &Value::Null,
            &json!("https://hooks.example.com/a")
        )
    );
    let (status, rotated) = hooks
        .call(Method::POST, &format!("{path}/rotate-secret"), json!({}))
        .await;
    assert_eq!(status, 200);
    let (_, last) = hooks.call(Method::GET, &path, json!({})).await;
    assert!(last["previous_secret_until"].is_string());
    for text in [
        one.to_string(),
        all.to_string(),
        changed.to_string(),
        last.to_string(),
    ] {
        assert!(!text.contains("whsec_"), "{text}");
    }
    assert_ne!(rotated["secret"], made.secret);
    assert_eq!(hooks.call(Method::DELETE, &path, json!({})).await.0, 204);
    for (method, path) in ENDPOINTS.iter().filter(|(_, path)| path.contains("{id}")) {
        let path = path.replace("{id}", &shown.id.to_string());
        let (status, body) = hooks.call(method.parse().unwrap(), &path, json!({})).await;
        assert_eq!(status, 404, "{method} {path}: {body}");
    }
}

#[tokio::test]
async fn bad_input_is_refused_with_a_reason() {
    let hooks = Hooks::new().await;
    let id = hooks.subscribe("/", &["deal.won"]).await;
    hooks
        .db
        .batch("insert into public.opportunities (name, stage) values ('x', 'closed_won')")
        .await;
    let url = "https://hooks.example.com/";
    let path = format!("/webhooks/{id}");
    let rotate = format!("{path}/rotate-secret");
    let log = format!("{path}/deliveries");
    let subscribe = "/webhooks/subscribe";
    let cases = [
        ("POST", subscribe, json!({"event": "deal.won"}), 400),
        (
            "POST",
            subscribe,
            json!(["opportunity.won", null, url, null, null]),
            400,
        ),
        ("POST", subscribe, json!({"url": url}), 400),
        ("POST", subscribe, json!({"url": url, "events": []}), 400),
        (
            "POST",
            subscribe,
            json!({"url": url, "event": "deal.eaten"}),
            400,
        ),
        ("POST", subscribe, json!({"url": url, "event": 7}), 400),
        (
            "POST",
            subscribe,
            json!({"url": url, "event": "deal.won", "secret": "short"}),
            400,
        ),
        (
            "POST",
            subscribe,
            json!({"url": url, "event": "deal.won", "unknown": 1}),
            400,
        ),
        (
            "POST",
            subscribe,
            json!({"url": "nowhere", "event": "deal.won"}),
            400,
        ),
        (
            "POST",
            subscribe,
            json!({"url": "file:///etc/passwd", "event": "deal.won"}),
            400,
        ),
        (
            "POST",
            subscribe,
            json!({"url": "http://10.0.0.1/", "event": "deal.won"}),
            400,
        ),
        (
            "POST",
            subscribe,
            json!({"url": "https://a:b@x.example/", "event": "deal.won"}),
            400,
        ),
        (
            "POST",
            subscribe,
            json!({"url": url, "event": "deal.won", "description": "x".repeat(501)}),
            400,
        ),
        (
            "POST",
            subscribe,
            json!({"url": url, "event": "deal.won", "description": "a\u{0}b"}),
            400,
        ),
        ("PATCH", &path, json!({"description": "\u{0}"}), 400),
        (
            "POST",
            subscribe,
            json!({"url": url, "event": "x".repeat(70_000)}),
            413,
        ),
        ("POST", subscribe, json!([]), 400),
        ("PATCH", &path, json!({"events": []}), 400),
        ("PATCH", &path, json!({"enabled": "yes"}), 400),
        ("PATCH", &path, json!({"secret": SECRET}), 400),
        ("PATCH", "/webhooks/7", json!({}), 400),
        (
            "GET",
            "/webhooks/00000000-0000-0000-0000-000000000000",
            json!({}),
            404,
        ),
        ("POST", &rotate, json!({"overlap_s": 99_999_999}), 400),
        ("POST", &rotate, json!({"secret": "whsec_!"}), 400),
        ("GET", &(log.clone() + "?state=eaten"), json!({}), 400),
        ("GET", &(log.clone() + "?limit=0"), json!({}), 400),
        ("GET", &(log.clone() + "?order=id"), json!({}), 400),
        ("POST", "/webhooks/deliveries/x/replay", json!({}), 400),
        ("POST", "/webhooks/deliveries/99999/replay", json!({}), 404),
        ("POST", "/webhooks/test", json!({"event": "deal.won"}), 400),
        (
            "POST",
            "/webhooks/test",
            json!({"event": "x", "target_url": url}),
            400,
        ),
        (
            "POST",
            "/webhooks/test",
            json!({"target_url": "http://192.168.1.1/"}),
            400,
        ),
        ("PUT", &path, json!({}), 405),
        ("DELETE", "/webhooks", json!({}), 405),
        ("GET", "/webhooks/test", json!({}), 400),
    ];
    for (method, path, body, expected) in cases {
        let (status, answer) = hooks
            .call(method.parse().unwrap(), path, body.clone())
            .await;
        let context = format!("{method} {path} {:.80}: {answer}", body.to_string());
        assert_eq!(status, expected, "{context}");
        serde_json::from_value::<RestError>(answer).unwrap_or_else(|e| panic!("{context}: {e}"));
    }
    let all = "select count(*) from webhooks.subscription where events = '{deal.won}' and enabled";
    assert_eq!(hooks.value(all).await, json!(1), "nothing was changed");
}

#[tokio::test]
async fn the_log_is_paged_and_what_is_open_is_not_replayed() {
    let hooks = Hooks::with(Template::Fork, |config| config.crm.webhooks.concurrency = 0).await;
    let id = hooks.subscribe("/", &["opportunity.created"]).await;
    hooks
        .db
        .batch("insert into public.opportunities (name, stage) select 'x', 'lead' from generate_series(1, 5)")
        .await;
    let ids = |page: &Value| -> Vec<i64> {
        let rows = page.as_array().unwrap().iter();
        rows.map(|row| row["id"].as_i64().unwrap()).collect()
    };
    let log = format!("/webhooks/{id}/deliveries");
    let (_, first) = hooks
        .call(Method::GET, &format!("{log}?limit=2"), json!({}))
        .await;
    assert_eq!(ids(&first), [5, 4]);
    let (_, second) = hooks
        .call(Method::GET, &format!("{log}?limit=2&before=4"), json!({}))
        .await;
    assert_eq!(ids(&second), [3, 2]);
    assert_eq!(
        (&first[0]["state"], &first[0]["attempts"]),
        (&json!("queued"), &json!(0))
    );
    let (status, refused) = hooks
        .call(Method::POST, "/webhooks/deliveries/1/replay", json!({}))
        .await;
    assert_eq!((status, &refused["code"]), (409, &json!("55000")));
}

/// A parser that was tried with the test takes what comes in life: same keys, same form of every date.
#[tokio::test]
async fn a_test_delivery_looks_like_a_real_one() {
    for template in [Template::Fork, Template::Upstream] {
        let hooks = Hooks::with(template, |_| {}).await;
        hooks.subscribe("/real", &["opportunity.created"]).await;
        let sql = "insert into public.opportunities (name, stage, expected_closing_date) values ('x', 'lead', '2026-12-24')";
        hooks.db.batch(sql).await;
        hooks.until_drained().await;
        let real = hooks.receiver.received("/real")[0].json();
        let body = json!({"event": "opportunity.created", "target_url": hooks.receiver.url("/x")});
        let (status, result) = hooks.call(Method::POST, "/webhooks/test", body).await;
        assert_eq!(status, 200, "{result}");
        let test = &result["payload"];
        let keys = |value: &Value| -> Vec<String> {
            value["data"].as_object().unwrap().keys().cloned().collect()
        };
        assert_eq!(keys(test), keys(&real));
        for name in ["expected_closing_date", "estimated_close_date"] {
            let length = |value: &Value| value["data"][name].as_str().unwrap().len();
            assert_eq!(length(test), length(&real), "{template:?} {name}: {real}");
        }
        assert!(test["metadata"]["user_id"].is_string());
    }
}

#[tokio::test]
async fn a_test_delivery_says_what_came_back() {
    let hooks = Hooks::new().await;
    let test = |body: Value| hooks.call(Method::POST, "/webhooks/test", body);
    let (status, result) =
        test(json!({"event": "deal.won", "target_url": hooks.receiver.url("/x")})).await;
    assert_eq!(status, 200, "{result}");
    let result: TestResult = serde_json::from_value(result).unwrap();
    assert_eq!((result.delivered, result.status), (true, Some(204)));
    let request = &hooks.receiver.received("/x")[0];
    assert_eq!(request.json(), result.payload);
    assert_eq!(request.json()["metadata"]["test"], true);
    let timestamp = request
        .header("webhook-timestamp")
        .unwrap()
        .parse()
        .unwrap();
    let theirs = Webhook::new(&result.secret.unwrap()).unwrap();
    let theirs = theirs
        .sign(
            request.header("webhook-id").unwrap(),
            timestamp,
            &request.body,
        )
        .unwrap();
    assert_eq!(request.header("webhook-signature"), Some(theirs.as_str()));
    // Of a subscription, with its secret, which is not shown.
    let id = hooks.subscribe("/y", &["deal.won"]).await;
    hooks.receiver.answer(|_| Reply::status(500));
    let (_, result) = test(json!({"subscription_id": id})).await;
    assert_eq!(
        (&result["delivered"], &result["status"], &result["secret"]),
        (&json!(false), &json!(500), &Value::Null)
    );
    assert_eq!(
        hooks.receiver.received("/y")[0].json()["event"],
        "opportunity.created"
    );
    let (_, result) = test(json!({"target_url": "http://127.0.0.1:1/"})).await;
    assert_eq!(
        (&result["delivered"], &result["status"]),
        (&json!(false), &Value::Null)
    );
    assert!(
        result["error"].as_str().unwrap().contains("refused"),
        "{result}"
    );
    assert_eq!(
        hooks.value("select count(*) from webhooks.delivery").await,
        json!(0)
    );
}
