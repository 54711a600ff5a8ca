//! An existing Supabase project, taken over: its users keep their passwords and their sessions, its files
//! are where they were, its own trigger greets new users. Source: the schemas as GoTrue and Storage make them.

use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::{finish, oppbase};
use crate::common::{Template, TestApp, TestDb, spawn_app};

const PROJECT: &str = include_str!("existing_project.sql");
/// Signed refresh tokens of the session that ends in 2, by number.
const TOKEN_298: &str = "ACIiIiIAAEAAgAAAAAAAAAKqAg7xzOfSQfn_4p5wm10NjMF_ScyW";
const TOKEN_299: &str = "ACIiIiIAAEAAgAAAAAAAAAKrAj1l7Ethe83q3A32pQfA9l3JTwfb";
const TOKEN_300: &str = "ACIiIiIAAEAAgAAAAAAAAAKsAiMb8RO-nAaIXFS5vOSVHmyUtQr5";
const TOKEN_301: &str = "ACIiIiIAAEAAgAAAAAAAAAKtAjTLt_eibzl7cS38DYwk7G6wsKtv";
const TOKEN_400: &str = "ACIiIiIAAEAAgAAAAAAAAAKQA5-YCcoyFEkDTEv_elhkA7CrQuxg";
const PASSWORD: &str = "correct horse";

/// The adopted project behind the server, its files in a folder.
struct Project {
    app: TestApp,
    db: TestDb,
    anon: Client,
    report: String,
    _files: tempfile::TempDir,
}

impl Project {
    async fn adopt() -> Self {
        let db = TestDb::new(Template::Empty).await;
        db.batch(PROJECT).await;
        let uri = db.admin.clone();
        let adopted = tokio::task::spawn_blocking(move || {
            finish(
                oppbase()
                    .args(["db", "adopt"])
                    .env("OPPBASE_DB_URI", &uri)
                    .env("OPPBASE_DB_ADMIN_URI", &uri),
            )
        })
        .await
        .expect("it ran");
        assert_eq!(adopted.code, Some(0), "{}", adopted.stderr);

        let files = tempfile::tempdir().expect("temporary folder");
        for (key, version, content) in [
            (
                "attachments/0.4161275602.txt",
                "33333333-0000-4000-8000-000000000001",
                "Dear Mrs Lee",
            ),
            (
                "offers/2024/ten tons.txt",
                "33333333-0000-4000-8000-000000000002",
                "ten tons",
            ),
        ] {
            let folder = files.path().join(key);
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(folder.join(version), content).expect("a file");
        }
        let root = files.path().to_owned();
        let app = spawn_app(&db, |config| config.storage.dir = Some(root)).await;
        Self {
            anon: app.anon(),
            app,
            db,
            report: adopted.stdout,
            _files: files,
        }
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Value,
    ) -> (u16, Value) {
        let mut request = self.anon.request(method, self.app.url(path));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    async fn sign_in(&self, email: &str, password: &str) -> (u16, Value) {
        let body = json!({"email": email, "password": password});
        self.call(
            Method::POST,
            "/auth/v1/token?grant_type=password",
            None,
            body,
        )
        .await
    }

    async fn count(&self, of: &str) -> i64 {
        let client = self.db.admin_client().await;
        let sql = format!("select count(*) from {of}");
        client.query_one(&sql, &[]).await.expect("a count").get(0)
    }
}

fn text<'a>(json: &'a Value, pointer: &str) -> &'a str {
    json.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("no {pointer} in {json}"))
}

#[test]
fn users_keep_their_passwords_sessions_and_files() {
    // One runtime for the server, one thread for the program.
    tokio::runtime::Runtime::new()
        .expect("a runtime")
        .block_on(async {
            let project = Project::adopt().await;
            adds_nothing_to_their_schemas(&project).await;
            passwords(&project).await;
            sessions(&project).await;
            signed_tokens(&project).await;
            files(&project).await;
            newcomers(&project).await;
        });
}

async fn adds_nothing_to_their_schemas(project: &Project) {
    for line in [
        "users: 6 (0 unconfirmed, 1 banned)",
        "auth schema version: 20250804100000",
        "users with a second factor: 1",
    ] {
        assert!(
            project.report.contains(line),
            "{line} in {}",
            project.report
        );
    }
    // The rest of what is added are functions that newer storage policies call.
    let theirs = project.report.lines().find(|line| {
        ["table", "column", "index", "type", "schema"]
            .iter()
            .any(|kind| {
                line.starts_with(&format!("added: {kind} auth"))
                    || line.starts_with(&format!("added: {kind} storage"))
            })
    });
    assert_eq!(theirs, None);
    assert_eq!(
        project.count("auth.schema_migrations").await,
        2,
        "left alone"
    );
    let columns = "information_schema.columns where (table_schema, table_name) = ('auth', 'users')";
    assert_eq!(project.count(columns).await, 35);
}

async fn passwords(project: &Project) {
    for name in ["ann", "ben", "cho", "eve"] {
        let email = format!("{name}@example.com");
        let (status, session) = project.sign_in(&email, PASSWORD).await;
        assert_eq!(status, 200, "{name}: {session}");
        assert_eq!(text(&session, "/user/email"), email);
        assert!(session["user"]["user_metadata"].is_object(), "{session}");
        let (status, refused) = project.sign_in(&email, "correct horsf").await;
        assert_eq!(
            (status, &refused["error_code"]),
            (400, &json!("invalid_credentials")),
            "{name}"
        );
    }
    let (status, refused) = project.sign_in("ban@example.com", PASSWORD).await;
    assert_eq!(
        (status, &refused["error_code"]),
        (400, &json!("user_banned"))
    );
    let (status, refused) = project.sign_in("dee@example.com", PASSWORD).await;
    assert_eq!(
        (status, &refused["error_code"]),
        (400, &json!("invalid_credentials"))
    );
    // The hash stays one that the services of before can read.
    let unchanged = "auth.users where encrypted_password like '$2a$10$%'";
    assert_eq!(project.count(unchanged).await, 2);
}

async fn sessions(project: &Project) {
    let body = json!({"refresh_token": "oldrefreshtk"});
    let path = "/auth/v1/token?grant_type=refresh_token";
    let (status, session) = project.call(Method::POST, path, None, body).await;
    assert_eq!(status, 200, "{session}");
    let token = text(&session, "/access_token");
    let (status, user) = project
        .call(Method::GET, "/auth/v1/user", Some(token), Value::Null)
        .await;
    assert_eq!(status, 200, "{user}");
    let identity = &user["identities"][0];
    assert_eq!(identity["provider"], "email");
    assert_eq!(identity["id"], user["id"], "the provider's id of the user");
    let theirs = "auth.refresh_tokens where session_id = '22222222-0000-4000-8000-000000000001'";
    assert_eq!(project.count(theirs).await, 2, "the same session goes on");
    let (status, rows) = project
        .call(Method::GET, "/rest/v1/sales", Some(token), Value::Null)
        .await;
    assert_eq!(
        (status, &rows[0]["email"]),
        (200, &json!("ann@example.com"))
    );
}

async fn signed_tokens(project: &Project) {
    let refresh = async |token: &str| {
        let path = "/auth/v1/token?grant_type=refresh_token";
        let body = json!({"refresh_token": token});
        project.call(Method::POST, path, None, body).await
    };
    let code = |answer: &(u16, Value)| (answer.0, answer.1["error_code"].clone());
    let bent = TOKEN_300.replace('A', "B");
    assert_eq!(
        code(&refresh(&bent).await),
        (400, json!("refresh_token_not_found"))
    );
    assert_eq!(
        code(&refresh(TOKEN_400).await),
        (400, json!("validation_failed"))
    );
    let (status, session) = refresh(TOKEN_299).await;
    assert_eq!((status, text(&session, "/refresh_token")), (200, TOKEN_300));
    let (status, session) = refresh(TOKEN_300).await;
    assert_eq!((status, text(&session, "/refresh_token")), (200, TOKEN_301));
    assert_eq!(text(&session, "/user/email"), "ben@example.com");
    let (status, again) = refresh(TOKEN_300).await;
    assert_eq!((status, text(&again, "/refresh_token")), (200, TOKEN_301));
    let long_ago = "update auth.sessions set refreshed_at = refreshed_at - interval '1 minute'";
    project.db.batch(long_ago).await;
    assert_eq!(
        code(&refresh(TOKEN_298).await),
        (400, json!("refresh_token_already_used"))
    );
    let theirs = "auth.sessions where refresh_token_hmac_key is not null";
    assert_eq!(project.count(theirs).await, 0, "a copy ends the session");
    assert_eq!(
        code(&refresh(TOKEN_301).await),
        (400, json!("refresh_token_not_found"))
    );
}

async fn files(project: &Project) {
    let public = "/storage/v1/object/public/attachments/0.4161275602.txt";
    let (status, content) = project.call(Method::GET, public, None, Value::Null).await;
    assert_eq!((status, content), (200, json!("Dear Mrs Lee")));
    let (_, session) = project.sign_in("ben@example.com", PASSWORD).await;
    let token = text(&session, "/access_token").to_owned();
    let private = "/storage/v1/object/offers/2024/ten%20tons.txt";
    let (status, content) = project
        .call(Method::GET, private, Some(&token), Value::Null)
        .await;
    assert_eq!(
        (status, content),
        (200, json!("ten tons")),
        "their policy lets members read"
    );
    let (status, refused) = project.call(Method::GET, private, None, Value::Null).await;
    assert_eq!(
        (status, &refused["code"]),
        (400, &json!("NoSuchKey")),
        "and nobody else: {refused}"
    );
    // Their guard against deletes stays in force, for everybody but the storage service.
    let delete = project.db.admin_client().await;
    let guarded = delete.batch_execute("delete from storage.objects").await;
    assert!(guarded.is_err());
    let (status, deleted) = project
        .call(
            Method::DELETE,
            "/storage/v1/object/attachments",
            Some(crate::common::app::SECRET_KEY),
            json!({"prefixes": ["0.4161275602.txt"]}),
        )
        .await;
    assert_eq!(
        (status, text(&deleted, "/0/name")),
        (200, "0.4161275602.txt")
    );
}

async fn newcomers(project: &Project) {
    let data = json!({"first_name": "Fay", "last_name": "Fox"});
    let body = json!({"email": "fay@example.com", "password": PASSWORD, "data": data});
    let (status, session) = project
        .call(Method::POST, "/auth/v1/signup", None, body)
        .await;
    assert_eq!(status, 200, "{session}");
    let greeted = "public.sales where first_name = 'Fay' and not administrator";
    assert_eq!(project.count(greeted).await, 1);
    let (status, list) = project
        .call(
            Method::GET,
            "/auth/v1/admin/users",
            Some(crate::common::app::SECRET_KEY),
            Value::Null,
        )
        .await;
    assert_eq!(
        (status, list["users"].as_array().map(Vec::len)),
        (200, Some(7)),
        "{list}"
    );
}
