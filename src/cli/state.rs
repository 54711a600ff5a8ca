//! What a running `oppbase dev` says about itself: addresses and keys, in a file of the data folder,
//! for `oppbase status`.
//!
//! Shape, as `status -o json` prints it:
//! `{"API_URL": "http://127.0.0.1:54321", "DB_URL": "postgresql://…", "ANON_KEY": "eyJ…", …}`.

use std::fs;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::failure::{Exit, Failure};
use crate::config::local;

/// Default of `--data-dir`.
pub(super) const DATA_DIR: &str = ".oppbase";

/// Name to value, in the order of printing; the names are those of the Supabase CLI.
pub(super) type Values = IndexMap<String, String>;

/// The values for these ports.
pub(super) fn values(api_port: u16, db_port: u16, admin_port: u16) -> Values {
    let db_url = crate::pg::embedded::uri(
        crate::pg::embedded::SUPERUSER,
        Some(local::DB_PASSWORD),
        db_port,
        "postgres",
    );
    [
        ("API_URL", format!("http://127.0.0.1:{api_port}")),
        ("ADMIN_URL", format!("http://127.0.0.1:{admin_port}")),
        ("DB_URL", db_url),
        ("ANON_KEY", local::anon_key()),
        ("SERVICE_ROLE_KEY", local::service_role_key()),
        ("JWT_SECRET", local::JWT_SECRET.into()),
        ("PUBLISHABLE_KEY", local::PUBLISHABLE_KEY.into()),
        ("SECRET_KEY", local::SECRET_KEY.into()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// Writes the file, whole or not at all.
pub(super) fn write(data_dir: &Path, values: &Values) -> Result<(), Failure> {
    let path = path(data_dir);
    let staging = path.with_extension("new");
    let text = serde_json::to_string_pretty(values).expect("strings are JSON");
    fs::write(&staging, text)
        .and_then(|()| fs::rename(&staging, &path))
        .map_err(|e| Failure::new(Exit::DataFolder, format!("writing {}: {e}", path.display())))
}

/// Reads the file; `None`: there is none.
pub(super) fn read(data_dir: &Path) -> Option<Values> {
    serde_json::from_str(&fs::read_to_string(path(data_dir)).ok()?).ok()
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("status.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_in_the_same_order() {
        let dir = tempfile::tempdir().expect("temporary folder");
        assert_eq!(read(dir.path()), None);
        let written = values(54321, 54322, 54325);
        write(dir.path(), &written).expect("written");
        let read = read(dir.path()).expect("there");
        assert_eq!(read, written);
        assert!(read.keys().eq(written.keys()), "the order is kept");
        assert_eq!(
            read["DB_URL"],
            "postgresql://postgres:postgres@127.0.0.1:54322/postgres"
        );
    }
}
