//! The command line and the configuration: what is printed, which source wins.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/cli.html>,
//! <https://docs.postgrest.org/en/stable/references/configuration.html>.

use std::io::Write;

use super::server::{Server, options, postgrest};
use crate::cli::{finish, free_port, oppbase};
use crate::common::{Template, TestDb};

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(text.as_bytes()).expect("written");
    file
}

fn dump(arguments: &[&str], env: &[(&str, &str)]) -> String {
    let finished = finish(
        postgrest()
            .arg("--dump-config")
            .args(arguments)
            .env("PGRST_DB_CONFIG", "false")
            .envs(env.iter().copied()),
    );
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    finished.stdout
}

#[test]
fn the_name_and_the_command_are_the_same_program() {
    let by_name = finish(postgrest().arg("--version"));
    let by_command = finish(oppbase().args(["postgrest", "-v"]));
    assert_eq!(by_name.code, Some(0));
    assert_eq!(by_name.stdout, by_command.stdout);
    assert!(
        by_name.stdout.starts_with("PostgREST 16"),
        "{}",
        by_name.stdout
    );
    assert!(
        finish(postgrest().arg("--help"))
            .stdout
            .contains("[FILENAME]")
    );
    assert_eq!(finish(postgrest().arg("--no-such-flag")).code, Some(1));
}

#[test]
fn the_defaults_are_postgrests() {
    insta::assert_snapshot!(dump(&[], &[]));
}

#[test]
fn a_dump_is_a_file_that_dumps_to_itself() {
    let text = dump(&[], &[]);
    let again = file(&text);
    let path = again.path().display().to_string();
    assert_eq!(dump(&[&path], &[]), text);
    let example = finish(postgrest().arg("--example"));
    let example = file(&example.stdout);
    let path = example.path().display().to_string();
    assert_eq!(dump(&[&path], &[]), text);
}

#[test]
fn older_names_are_taken_and_the_environment_wins_over_the_file() {
    let file = file(
        "max-rows = 1000\npre-request = \"check\"\nrole-claim-key = \".aliased\"\n\
         root-spec = \"open_alias\"\nsecret-is-base64 = true\ndb-schema = \"provided_through_alias\"\n\
         app.settings.a = \"from the file\"\ndb-pool = 3\n",
    );
    let path = file.path().display().to_string();
    let text = dump(
        &[&path],
        &[
            ("PGRST_DB_POOL", "7"),
            ("PGRST_APP_SETTINGS_A", "from \"outside\""),
        ],
    );
    for line in [
        "app.settings.a = \"from \\\"outside\\\"\"",
        "db-max-rows = 1000",
        "db-pool = 7",
        "db-pre-request = \"check\"",
        "db-root-spec = \"open_alias\"",
        "db-schemas = \"provided_through_alias\"",
        "jwt-role-claim-key = \".\\\"aliased\\\"\"",
        "jwt-secret-is-base64 = true",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

#[test]
fn secrets_and_the_address_may_live_in_files() {
    let secret = file("a-secret-with-at-least-32-characters\n");
    let uri = file("postgresql://from-a-file/\n");
    let text = dump(
        &[],
        &[
            ("PGRST_JWT_SECRET", &format!("@{}", secret.path().display())),
            ("PGRST_DB_URI", &format!("@{}", uri.path().display())),
        ],
    );
    assert!(
        text.contains("db-uri = \"postgresql://from-a-file/\"\n"),
        "{text}"
    );
    assert!(
        text.contains("jwt-secret = \"a-secret-with-at-least-32-characters\"\n"),
        "{text}"
    );
}

#[test]
fn what_cannot_be_used_ends_with_code_1_and_says_why() {
    for (name, value, reason) in [
        ("PGRST_LOG_LEVEL", "loud", "log-level"),
        ("PGRST_OPENAPI_MODE", "x", "openapi-mode"),
        ("PGRST_DB_SCHEMAS", "a, pg_catalog", "db-schemas"),
        ("PGRST_JWT_SECRET", "short", "jwt-secret"),
        (
            "PGRST_SERVER_UNIX_SOCKET_MODE",
            "1777",
            "server-unix-socket-mode",
        ),
        (
            "PGRST_OPENAPI_SERVER_PROXY_URI",
            "x",
            "openapi-server-proxy-uri",
        ),
        ("PGRST_ADMIN_SERVER_PORT", "3000", "admin-server-port"),
    ] {
        let finished = finish(postgrest().arg("--dump-config").env(name, value));
        assert_eq!(finished.code, Some(1), "{name}");
        assert!(
            finished.stderr.contains(reason),
            "{name}: {}",
            finished.stderr
        );
    }
    assert_eq!(finish(postgrest().arg("/does/not/exist")).code, Some(1));
}

#[tokio::test]
async fn the_database_wins_over_everything() {
    let db = TestDb::new(Template::Empty).await;
    db.batch(&format!(
        "alter role authenticator in database {} set pgrst.db_schemas = 'from_role';
         create schema extra;
         create function extra.pre() returns void language sql as $$
           select set_config('pgrst.db_schemas', 'from_function', true),
                  set_config('pgrst.db_max_rows', '77', true) $$;
         grant usage on schema extra to authenticator",
        db.name
    ))
    .await;
    let mut command = postgrest();
    command
        .arg("--dump-config")
        .env("PGRST_DB_URI", &db.authenticator)
        .env("PGRST_DB_PRE_CONFIG", "extra.pre")
        .env("PGRST_DB_SCHEMAS", "from_environment");
    let text = finish(&mut command).stdout;
    assert!(text.contains("db-schemas = \"from_role\"\n"), "{text}");
    assert!(text.contains("db-max-rows = 77\n"), "{text}");
    let text = finish(command.env("PGRST_DB_CONFIG", "false")).stdout;
    assert!(
        text.contains("db-schemas = \"from_environment\"\n"),
        "{text}"
    );
    assert!(text.contains("db-max-rows = \"\"\n"), "{text}");
}

#[tokio::test]
async fn the_schema_is_dumped_as_json() {
    let db = TestDb::new(Template::Empty).await;
    db.batch("create table parents (id int primary key); create table children (id int references parents)")
        .await;
    let finished = finish(
        postgrest()
            .arg("--dump-schema")
            .env("PGRST_DB_URI", &db.authenticator),
    );
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let dump: serde_json::Value = serde_json::from_str(&finished.stdout).expect("JSON");
    assert_eq!(dump["dbTables"][0][0]["name"], "children");
    assert_eq!(dump["dbTables"][1][0]["name"], "parents");
    assert_eq!(dump["dbRelationships"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn ready_asks_the_admin_server() {
    let db = TestDb::new(Template::Empty).await;
    let server = Server::start(&db, &[]).await;
    let address = server.admin("/ready");
    let port = address
        .strip_prefix("http://127.0.0.1:")
        .and_then(|rest| rest.strip_suffix("/ready"))
        .expect("the address");
    let mut ready = postgrest();
    ready
        .arg("--ready")
        .env("PGRST_SERVER_HOST", "127.0.0.1")
        .env("PGRST_ADMIN_SERVER_PORT", port);
    let fine = finish(&mut ready);
    assert_eq!(
        (fine.code, fine.stdout),
        (Some(0), format!("OK: {address}\n"))
    );

    let special = finish(ready.env("PGRST_SERVER_HOST", "*4"));
    assert_eq!(special.code, Some(1));
    assert!(
        special
            .stderr
            .starts_with("ERROR: The `--ready` flag cannot be used")
    );

    let nobody = free_port().to_string();
    let refused = finish(
        ready
            .env("PGRST_SERVER_HOST", "127.0.0.1")
            .env("PGRST_ADMIN_SERVER_PORT", &nobody),
    );
    assert_eq!(refused.code, Some(1));
    assert_eq!(
        refused.stderr,
        format!("ERROR: connection refused to http://127.0.0.1:{nobody}/ready\n")
    );
    let none = finish(ready.env_remove("PGRST_ADMIN_SERVER_PORT"));
    assert_eq!(none.code, Some(1));
    assert!(
        none.stderr
            .starts_with("ERROR: Admin server is not running.")
    );
}

#[tokio::test]
async fn a_file_is_the_one_argument() {
    let db = TestDb::new(Template::Empty).await;
    db.batch("create table t (id int); grant select on t to anon")
        .await;
    let [uri, _, _, (_, port), (_, admin)] = options(&db).try_into().expect("five options");
    let file = file(&format!(
        "# a file of PostgREST\ndb-uri = \"{}\"\ndb-anon-role = \"anon\"\nserver-host = \"127.0.0.1\"\n\
         server-port = {port}\nadmin-server-port = {admin}\n",
        uri.1
    ));
    let path = file.path().display().to_string();
    let names = vec![
        ("PGRST_SERVER_PORT", port),
        ("PGRST_ADMIN_SERVER_PORT", admin),
    ];
    let server = Server::spawn(&[&path], names);
    server.until_ready().await;
    assert_eq!(server.get(&server.url("/t")).await, (200, "[]".into()));
}
