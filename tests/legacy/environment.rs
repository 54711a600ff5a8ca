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
