//! Bad input is answered in PostgREST's error shape: the right status, the four keys, no panic, nothing
//! half-written.

use serde_json::{Value, json};

use crate::common::{Template, TestApp, TestDb, app, spawn_app};

struct Case {
    name: &'static str,
    path: String,
    status: u16,
    code: &'static str,
}

fn case(name: &'static str, path: impl Into<String>, status: u16, code: &'static str) -> Case {
    Case {
        name,
        path: path.into(),
        status,
        code,
    }
}

async fn spawn() -> (TestDb, TestApp) {
    let db = TestDb::new(Template::Empty).await;
    db.batch(
        "create table public.things (id int primary key, name text not null, at timestamptz);
         insert into public.things values (1, 'secret-row', now());
         grant select, insert, update, delete on public.things to authenticated;",
    )
    .await;
    let app = spawn_app(&db, |config| config.server.max_body_bytes = 64 * 1024).await;
    (db, app)
}

/// The four keys are there and nothing else; nothing in them looks like an inside of the server.
fn assert_error_shape(name: &str, body: &str) -> Value {
    let value: Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("{name}: {e}: {body}"));
    let mut keys: Vec<_> = value
        .as_object()
        .unwrap_or_else(|| panic!("{name}: {body}"))
        .keys()
        .cloned()
        .collect();
    keys.sort();
    assert_eq!(
        keys,
        ["code", "details", "hint", "message"],
        "{name}: {body}"
    );
    for inside in ["src/", ".rs:", "panicked", "RUST_BACKTRACE"] {
        assert!(!body.contains(inside), "{name}: {body}");
    }
    value
}

#[tokio::test]
async fn malformed_requests_are_client_errors_in_postgrests_shape() {
    let (_db, app) = spawn().await;
    let client = app.authenticated(uuid::Uuid::from_u128(1));
    let deep_tree = format!("{}id.eq.1{}", "and(".repeat(3000), ")".repeat(3000));
    let deep_embed = format!("{}*{}", "things(".repeat(3000), ")".repeat(3000));
    let cases = [
        case("unknown relation", "/rest/v1/nothing", 404, "PGRST205"),
        case("unknown function", "/rest/v1/rpc/nothing", 404, "PGRST202"),
        case("unknown column", "/rest/v1/things?nope=eq.1", 400, "42703"),
        case(
            "unknown column in select",
            "/rest/v1/things?select=nope",
            400,
            "42703",
        ),
        case(
            "unknown column in order",
            "/rest/v1/things?order=nope",
            400,
            "42703",
        ),
        case(
            "unknown embed",
            "/rest/v1/things?select=*,nope(*)",
            400,
            "PGRST200",
        ),
        case(
            "unknown operator",
            "/rest/v1/things?id=equals.1",
            400,
            "PGRST100",
        ),
        case("no operator", "/rest/v1/things?id=1", 400, "PGRST100"),
        case(
            "malformed tree",
            "/rest/v1/things?or=(id.eq.1,",
            400,
            "PGRST100",
        ),
        case(
            "deep tree",
            format!("/rest/v1/things?and=({deep_tree})"),
            400,
            "PGRST100",
        ),
        case(
            "deep embed",
            format!("/rest/v1/things?select={deep_embed}"),
            400,
            "PGRST100",
        ),
        case("wrong type", "/rest/v1/things?id=eq.abc", 400, "22P02"),
        case(
            "overflow",
            "/rest/v1/things?id=eq.99999999999999999999",
            400,
            "22003",
        ),
        case(
            "invalid UTF-8 in the query",
            "/rest/v1/things?name=eq.%ff%fe",
            400,
            "PGRST100",
        ),
        case("invalid UTF-8 in the path", "/rest/v1/%ff", 404, "PGRST125"),
        case(
            "NUL in a value",
            "/rest/v1/things?name=eq.%00",
            400,
            "22021",
        ),
        case("deep path", "/rest/v1/things/1/2/3", 404, "PGRST125"),
    ];
    for Case {
        name,
        path,
        status,
        code,
    } in cases
    {
        let answer = client.get(app.url(&path)).send().await.expect(name);
        let got = answer.status().as_u16();
        let body = answer.text().await.expect(name);
        let value = assert_error_shape(name, &body);
        assert_eq!(
            (got, value["code"].as_str()),
            (status, Some(code)),
            "{name}: {body}"
        );
    }
    let alive = client
        .get(app.url("/rest/v1/things"))
        .send()
        .await
        .expect("still serving");
    assert_eq!(alive.status(), 200);
}

#[tokio::test]
async fn bad_bodies_write_nothing() {
    let (db, app) = spawn().await;
    let client = app.authenticated(uuid::Uuid::from_u128(1));
    let bodies: [(&str, String, u16, &str); 8] = [
        ("empty", String::new(), 400, "PGRST102"),
        ("not JSON", "{".into(), 400, "PGRST102"),
        (
            "differing keys",
            r#"[{"id":2,"name":"a"},{"id":3}]"#.into(),
            400,
            "PGRST102",
        ),
        (
            "unknown column",
            r#"{"id":2,"name":"a","nope":1}"#.into(),
            400,
            "PGRST204",
        ),
        (
            "wrong type",
            r#"{"id":"x","name":"a"}"#.into(),
            400,
            "22P02",
        ),
        (
            "null in a not-null column",
            r#"{"id":2,"name":null}"#.into(),
            400,
            "23502",
        ),
        (
            "second row collides",
            r#"[{"id":2,"name":"a"},{"id":1,"name":"b"}]"#.into(),
            409,
            "23505",
        ),
        (
            "too large",
            json!({"id": 2, "name": "x".repeat(70_000)}).to_string(),
            413,
            "PGRST102",
        ),
    ];
    for (name, body, status, code) in bodies {
        let answer = client
            .post(app.url("/rest/v1/things"))
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .expect(name);
        let got = answer.status().as_u16();
        let text = answer.text().await.expect(name);
        let value = assert_error_shape(name, &text);
        assert_eq!(
            (got, value["code"].as_str()),
            (status, Some(code)),
            "{name}: {text}"
        );
    }
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let answer = client
        .post(app.url("/rest/v1/things"))
        .body(deep)
        .send()
        .await
        .expect("deep JSON");
    assert_eq!(answer.status(), 400);
    let rows: i64 = db
        .admin_client()
        .await
        .query_one("select count(*) from public.things", &[])
        .await
        .expect("count")
        .get(0);
    assert_eq!(rows, 1, "a refused write left rows behind");
}

#[tokio::test]
async fn bad_tokens_and_keys_are_refused_and_never_served_as_somebody_else() {
    let (_db, app) = spawn().await;
    let expired = app::token_with(json!({"role": "authenticated", "exp": 1_000_000_000}));
    let cases = [
        ("garbage", "Bearer garbage".to_owned()),
        (
            "wrong signature",
            format!("Bearer {}x", app::token(json!({"role": "authenticated"}))),
        ),
        ("expired", format!("Bearer {expired}")),
        (
            "unknown role",
            format!("Bearer {}", app::token(json!({"role": "postgres"}))),
        ),
    ];
    for (name, authorization) in cases {
        let answer = app
            .anon()
            .get(app.url("/rest/v1/things"))
            .header("authorization", authorization)
            .send()
            .await
            .expect(name);
        let status = answer.status().as_u16();
        let body = answer.text().await.expect(name);
        assert!([401, 403].contains(&status), "{name}: {status} {body}");
        assert!(
            !body.contains("secret-row"),
            "{name}: a row was shown: {body}"
        );
    }
    let wrong_key = app
        .anon()
        .get(app.url("/rest/v1/things"))
        .header("apikey", "sb_secret_wrong")
        .send()
        .await
        .expect("wrong key");
    assert_eq!(wrong_key.status(), 401);
}

#[tokio::test]
async fn an_oversized_url_is_refused() {
    let (_db, app) = spawn().await;
    let path = format!("/rest/v1/things?name=eq.{}", "x".repeat(200_000));
    let status = match app.anon().get(app.url(&path)).send().await {
        Ok(answer) => answer.status().as_u16(),
        // The server may close the connection while the line is still being sent.
        Err(_) => 431,
    };
    assert!((400..500).contains(&status), "status {status}");
    let alive = app
        .anon()
        .get(app.url("/rest/v1/nothing"))
        .send()
        .await
        .expect("still serving");
    assert_eq!(alive.status(), 404);
}

#[tokio::test]
async fn realtime_is_refused_at_once() {
    let db = TestDb::new(Template::Empty).await;
    let app = spawn_app(&db, |_| {}).await;
    let upgrade = reqwest::Client::new()
        .get(app.url("/realtime/v1/websocket?apikey=x&vsn=2.0.0"))
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let answer = upgrade.send().await.expect("an answer");
    assert_eq!(answer.status(), 501);
    let body: serde_json::Value = answer.json().await.expect("JSON");
    assert_eq!(body["code"], "not_implemented");
}

#[tokio::test]
async fn a_browser_may_read_why_it_was_refused() {
    let db = TestDb::new(Template::Empty).await;
    let app = spawn_app(&db, |_| {}).await;
    for path in ["/auth/v1/user", "/auth/v1/nope", "/rest/v1/x", "/nowhere"] {
        let request = reqwest::Client::new()
            .get(app.url(path))
            .header("origin", "http://example.com");
        let answer = request.send().await.expect("an answer");
        assert!(answer.status().is_client_error(), "{path}");
        let allowed = answer.headers().get("access-control-allow-origin");
        assert!(allowed.is_some(), "{path}");
    }
}
