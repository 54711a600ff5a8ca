//! `oppbase dev` removes nothing that it did not make: it refuses a folder with something else in it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use nix::sys::signal::Signal;

use super::dev::{Dev, data_dir, db_url, free_port, sql};
use super::{Finished, finish, oppbase};

/// Starts `dev`, which ends by itself because it refuses the folder.
fn refused(data_dir: &Path) -> Finished {
    let dev = finish(
        oppbase()
            .args(["dev", "--port", "0", "--db-port", "0", "--no-demo"])
            .args(["--admin-port", &free_port().to_string()])
            .arg("--data-dir")
            .arg(data_dir),
    );
    assert_eq!(dev.code, Some(6), "{}", dev.stderr);
    assert!(dev.stderr.contains("\nhint: "), "{}", dev.stderr);
    dev
}

#[test]
fn a_foreign_folder_stays() {
    for place in ["postgres/x", "postgres", "postgres.new/data/x"] {
        let dir = data_dir();
        let file = dir.path().join(place);
        fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
        fs::write(&file, "hi").expect("written");
        let dev = refused(dir.path());
        assert!(
            dev.stderr.contains("no PostgreSQL data"),
            "{place}: {}",
            dev.stderr
        );
        assert_eq!(fs::read_to_string(&file).expect("still there"), "hi");
    }
}

#[test]
fn a_link_to_data_that_is_not_there_now_stays() {
    let dir = data_dir();
    let link = dir.path().join("postgres");
    symlink("/mnt/not-mounted/postgres", &link).expect("a link");
    refused(dir.path());
    assert!(fs::symlink_metadata(&link).is_ok());
}

#[test]
fn a_damaged_version_file_is_no_reason_to_start_anew() {
    let dir = data_dir();
    let dev = Dev::start(dir.path());
    sql(&db_url(dir.path()), "create table precious (id int)");
    dev.signal(Signal::SIGTERM);
    assert_eq!(dev.wait(), Some(0));

    let file = dir.path().join("postgres/PG_VERSION");
    let version = fs::read_to_string(&file).expect("the version");
    for damage in ["", "seventeen"] {
        fs::write(&file, damage).expect("written");
        let dev = refused(dir.path());
        assert!(
            dev.stderr.contains("PG_VERSION holds no version number"),
            "{}",
            dev.stderr
        );
    }
    fs::write(&file, version).expect("written");
    let _dev = Dev::start(dir.path());
    sql(&db_url(dir.path()), "table precious");
}
