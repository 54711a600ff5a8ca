//! `DEAL_*` variables: read with one warning, refused when they contradict, renamed in a file.

use crate::cli::{finish, oppbase};

#[test]
fn a_contradiction_between_old_and_new_names_stops_the_start() {
    let mut serve = oppbase();
    serve.env("OPPBASE_JWT_SECRET", "a-secret-with-32-characters-or-more");
    serve
        .env("DEAL_MAX_AMOUNT", "1")
        .env("OPPORTUNITY_MAX_AMOUNT", "2");
    let ended = finish(serve.arg("serve"));
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(
        ended.stderr.contains("DEAL_MAX_AMOUNT") && ended.stderr.contains("OPPORTUNITY_MAX_AMOUNT")
    );
}

#[test]
fn a_file_is_renamed_in_place_and_only_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join(".env");
    std::fs::write(&file, "# mine\nDEAL_DEFAULT_STAGE=lead\n\nA=1\n").expect("written");
    let first = finish(oppbase().arg("rename-env").arg(&file));
    assert_eq!(first.code, Some(0), "{first:?}");
    let text = std::fs::read_to_string(&file).expect("readable");
    assert_eq!(text, "# mine\nOPPORTUNITY_DEFAULT_STAGE=lead\n\nA=1\n");
    let again = finish(oppbase().arg("rename-env").arg(&file));
    assert_eq!(
        (again.code, again.stderr.as_str()),
        (Some(0), "nothing to rename\n")
    );
    assert_eq!(std::fs::read_to_string(&file).expect("readable"), text);
    assert_eq!(std::fs::read_dir(dir.path()).expect("a folder").count(), 1);
    std::fs::write(&file, "DEAL_A=1\nOPPORTUNITY_A=2\n").expect("written");
    let refused = finish(oppbase().arg("rename-env").arg(&file));
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.stderr.contains("DEAL_A") && refused.stderr.contains("OPPORTUNITY_A"));
    let missing = finish(oppbase().arg("rename-env").arg(dir.path().join("none")));
    assert_eq!(missing.code, Some(1), "{missing:?}");
    assert!(missing.stderr.contains("hint: "));
}

#[test]
fn the_file_keeps_its_owner_and_its_rights() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join(".env");
    std::fs::write(&file, "DEAL_A=1\n").expect("written");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).expect("rights");
    // Only root may give it away; everybody else keeps what is theirs.
    let _ = chown(&file, Some(1234), Some(1235));
    let before = std::fs::metadata(&file).expect("a file");
    let renamed = finish(oppbase().arg("rename-env").arg(&file));
    assert_eq!(renamed.code, Some(0), "{renamed:?}");
    let after = std::fs::metadata(&file).expect("a file");
    assert_eq!(
        (after.uid(), after.gid(), after.mode()),
        (before.uid(), before.gid(), before.mode())
    );
    let text = std::fs::read_to_string(&file).expect("readable");
    assert_eq!(text, "OPPORTUNITY_A=1\n");
}

#[test]
fn keys_of_several_lines_that_differ_are_refused_and_the_file_stays() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join(".env");
    let text = "DEAL_KEY=\"-----BEGIN\nabc\n-----END\"\nOPPORTUNITY_KEY=\"-----BEGIN\nxyz\n-----END\"\nPORT=1\n";
    std::fs::write(&file, text).expect("written");
    let refused = finish(oppbase().arg("rename-env").arg(&file));
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&file).expect("readable"), text);
}

#[tokio::test]
async fn sql_sees_the_settings_under_their_new_names() {
    let env = [
        ("DEAL_DEFAULT_STAGE", "lead"),
        ("OPPORTUNITY_MAX_AMOUNT", "5"),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = oppbase::config::load::load(None, env).expect("valid");
    assert_eq!(
        config.rest.app_settings,
        [
            (
                "app.settings.opportunity_default_stage".to_owned(),
                "lead".to_owned()
            ),
            (
                "app.settings.opportunity_max_amount".to_owned(),
                "5".to_owned()
            ),
        ]
    );
}
