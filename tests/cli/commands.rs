//! Commands that end by themselves: each failure is one line, perhaps a hint, and its own exit code.

use super::{finish, oppbase};

/// Exactly `error: …`, then nothing or `hint: …`.
fn assert_is_one_line_with_hint(stderr: &str) {
    let lines: Vec<_> = stderr.lines().collect();
    assert!(lines[0].starts_with("error: "), "{stderr}");
    assert!(
        lines.len() == 1 || (lines.len() == 2 && lines[1].starts_with("hint: ")),
        "{stderr}"
    );
}

#[test]
fn version_and_help_are_results() {
    let version = finish(oppbase().arg("version"));
    assert_eq!(version.code, Some(0));
    assert_eq!(
        version.stdout,
        format!("oppbase {}\n", env!("CARGO_PKG_VERSION"))
    );
    let help = finish(oppbase().arg("--help").env("COLUMNS", "100"));
    assert_eq!(help.code, Some(0));
    insta::assert_snapshot!(help.stdout);
}

#[test]
fn an_unknown_command_is_a_usage_error() {
    assert_eq!(finish(oppbase().arg("destroy")).code, Some(2));
}

#[test]
fn an_impossible_option_names_itself_and_its_source() {
    let serve = finish(oppbase().arg("serve").env("PGRST_DB_POOL", "many"));
    assert_eq!(serve.code, Some(3));
    assert_is_one_line_with_hint(&serve.stderr);
    assert!(
        serve.stderr.contains("option db-pool (from PGRST_DB_POOL)"),
        "{}",
        serve.stderr
    );
}

#[test]
fn a_crm_without_a_secret_does_not_start() {
    let serve = finish(oppbase().arg("serve"));
    assert_eq!(serve.code, Some(3));
    assert_is_one_line_with_hint(&serve.stderr);
}

#[test]
fn well_known_keys_are_refused_where_others_can_reach_them() {
    let secret = oppbase::config::local::JWT_SECRET;
    let serve = finish(
        oppbase()
            .arg("serve")
            .env("OPPBASE_SERVER_HOST", "0.0.0.0")
            .env("OPPBASE_JWT_SECRET", secret),
    );
    assert_eq!(serve.code, Some(9));
    assert_is_one_line_with_hint(&serve.stderr);
    assert!(!serve.stderr.contains(secret), "the secret stays secret");
}

#[test]
fn status_of_nothing_is_not_running() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let status = finish(oppbase().arg("status").arg("--data-dir").arg(dir.path()));
    assert_eq!(status.code, Some(8));
    assert_eq!(status.stdout, "");
    assert_is_one_line_with_hint(&status.stderr);
}

#[test]
fn ready_of_nothing_is_not_running() {
    let port = super::dev::free_port();
    let ready = finish(
        oppbase()
            .arg("ready")
            .env("OPPBASE_ADMIN_SERVER_PORT", port.to_string()),
    );
    assert_eq!(ready.code, Some(8));
    assert_is_one_line_with_hint(&ready.stderr);
}

#[test]
fn db_init_without_a_database_names_the_address_and_hides_the_password() {
    let uri = format!(
        "postgresql://someone:hunter2@127.0.0.1:{}/x",
        super::dev::free_port()
    );
    let init = finish(oppbase().args(["db", "init"]).env("OPPBASE_DB_URI", uri));
    assert_eq!(init.code, Some(7));
    assert_is_one_line_with_hint(&init.stderr);
    assert!(init.stderr.contains("127.0.0.1:"), "{}", init.stderr);
    assert!(!init.stderr.contains("hunter2"), "{}", init.stderr);
}

#[test]
fn a_command_beside_a_throwaway_cluster_gets_its_address_and_gives_its_status() {
    let fine = finish(oppbase().args(["cluster", "--", "sh", "-c", "test \"$PGPORT\" -gt 0"]));
    assert_eq!(fine.code, Some(0), "{}", fine.stderr);
    let failed = finish(oppbase().args(["cluster", "--", "sh", "-c", "exit 3"]));
    assert_eq!(failed.code, Some(1));
    assert_is_one_line_with_hint(&failed.stderr);
}
