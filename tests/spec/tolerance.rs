//! Faults of the real frontends: read as they were meant in the CRM profile, refused in PostgREST mode.

use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::common::{Template, TestApp, TestDb, spawn_app};

const ROWS: &str = r#"
insert into auth.users (id, email, raw_user_meta_data) values
  ('00000000-0000-4000-8000-000000000001', 'a@b.c', '{"first_name":"A","last_name":"B"}');
insert into companies (id, name) values (1, 'Acme');
insert into opportunities (id, name, company_id, stage) values (1, 'Small', 1, 'lead'), (2, 'Archived', 1, 'lead');
update opportunities set deleted_at = now() where id = 2;
"#;

struct Crm {
    db: TestDb,
    app: TestApp,
    client: reqwest::Client,
}

struct Answer {
    status: u16,
    warnings: Vec<String>,
    json: Value,
}

impl Crm {
    async fn new(is_tolerant: bool) -> Self {
        let db = TestDb::new(Template::Fork).await;
        db.batch(ROWS).await;
        let app = spawn_app(&db, |config| config.rest.frontend_tolerance &= is_tolerant).await;
        let client = app.authenticated(Uuid::from_u128(0x00000000_0000_4000_8000_000000000001));
        Self { db, app, client }
    }

    async fn send(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = self
            .client
            .request(method.clone(), self.app.url(&format!("/rest/v1/{path}")))
            .header("Prefer", "return=representation");
        if method != reqwest::Method::GET {
            request = request.header("Accept", "application/vnd.pgrst.object+json");
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        Answer {
            status: answer.status().as_u16(),
            warnings: answer
                .headers()
                .get_all("warning")
                .iter()
                .map(|value| value.to_str().expect("ASCII").to_owned())
                // Old names announce their end by the same header.
                .filter(|text| !text.starts_with("299 - "))
                .collect(),
            json: answer.json().await.expect("JSON"),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(reqwest::Method::GET, path, None).await
    }

    async fn sql(&self) -> Client {
        self.db.admin_client().await
    }
}

/// What each frontend sends, by method, path and body.
fn faults() -> Vec<(reqwest::Method, &'static str, Option<Value>)> {
    use reqwest::Method;
    vec![
        (
            Method::GET,
            "opportunities_summary?deleted_at[0]=is.null&deleted_at[1]=eq.null",
            None,
        ),
        (
            Method::GET,
            "contacts_summary?deleted_at=eq.null&or=(first_name.ilike.*x*)",
            None,
        ),
        (
            Method::GET,
            "deals?or=(name.ilike.*small*,type.ilike.*small*)",
            None,
        ),
        (Method::GET, "deals?deleted_at=eq.null", None),
        (Method::GET, "deals?order=last_seen.desc.nullslast", None),
        (
            Method::PATCH,
            "deals?id=eq.1",
            Some(json!({"last_seen": "2026-11-21T22:01:28.723Z"})),
        ),
        (
            Method::PATCH,
            "opportunities?id=eq.1",
            Some(json!({"last_seen": "2026-11-21T22:01:28.723Z", "priority": "high"})),
        ),
        (
            Method::POST,
            "opportunityNotes",
            Some(json!({"text": "Hello", "undefined": 1, "date": "2026-11-21T22:11"})),
        ),
    ]
}

#[tokio::test]
async fn each_fault_is_forgiven_told_and_counted() {
    let crm = Crm::new(true).await;
    for (method, path, body) in faults() {
        let answer = crm.send(method.clone(), path, body).await;
        assert!(
            answer.status < 300,
            "{method} {path}: {} {}",
            answer.status,
            answer.json
        );
        assert!(!answer.warnings.is_empty(), "{method} {path}: no warning");
        assert!(
            answer.warnings[0].starts_with("299 oppbase \""),
            "{:?}",
            answer.warnings
        );
    }
    let client = crm.sql().await;
    let note = client
        .query_one("select opportunity_id, text from \"opportunityNotes\"", &[])
        .await
        .expect("the note is there");
    assert_eq!(
        (note.get::<_, i64>(0), note.get::<_, &str>(1)),
        (1, "Hello")
    );
    let metrics = crm.app.running.state.metrics.render();
    for rule in [
        "eq-null",
        "deals-filter-type",
        "deals-order-last-seen",
        "card-last-seen",
        "note-undefined",
    ] {
        let line = format!("crm_frontend_faults_total{{rule=\"{rule}\"}}");
        assert!(metrics.contains(&line), "{rule} in {metrics}");
    }
}

#[tokio::test]
async fn the_answers_are_what_the_frontends_meant() {
    let crm = Crm::new(true).await;
    let names = |answer: &Answer| -> Vec<String> {
        let rows = answer.json.as_array().expect("rows");
        rows.iter()
            .map(|row| row["name"].as_str().expect("a name").to_owned())
            .collect()
    };
    assert_eq!(
        names(&crm.get("opportunities_summary?deleted_at=eq.null").await),
        ["Small"]
    );
    assert_eq!(names(&crm.get("deals?deleted_at=eq.null").await), ["Small"]);
    let found = crm
        .get("deals?or=(name.ilike.*small*,type.ilike.*small*)")
        .await;
    assert_eq!(names(&found), ["Small"]);
    let body = json!({"last_seen": "2026-11-21T22:01:28.723Z"});
    let row = crm
        .send(reqwest::Method::PATCH, "deals?id=eq.1", Some(body.clone()))
        .await;
    assert_eq!(
        (row.status, &row.json["name"]),
        (200, &json!("Small")),
        "the row as it is"
    );
    let none = crm
        .send(reqwest::Method::PATCH, "deals?id=eq.99", Some(body))
        .await;
    assert_eq!(none.status, 406);
}

#[tokio::test]
async fn requests_without_faults_carry_no_warning() {
    let crm = Crm::new(true).await;
    for path in [
        "deals?archived_at=is.null",
        "opportunities?name=eq.null",
        "tasks?order=due_date.asc",
    ] {
        let answer = crm.get(path).await;
        assert_eq!((answer.status, answer.warnings.len()), (200, 0), "{path}");
    }
    for path in [
        "deals?type=eq.x",
        "companies?nothing=eq.1",
        "tasks?id=eq.nothing",
    ] {
        assert_eq!(crm.get(path).await.status, 400, "{path}");
    }
}

#[tokio::test]
async fn without_the_switch_each_fault_is_an_error() {
    let crm = Crm::new(false).await;
    for (method, path, body) in faults() {
        let answer = crm.send(method.clone(), path, body).await;
        assert_eq!(answer.status, 400, "{method} {path}: {}", answer.json);
        assert!(answer.warnings.is_empty(), "{method} {path}");
    }
}
