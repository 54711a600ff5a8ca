//! Where the data lives: in the asked folder, or, where PostgreSQL's user cannot enter it (a work
//! tree under `/root`), in a system folder that a link in the asked folder points to.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::{EmbeddedError, io};
use super::run_as::{self, User};

/// Name of the data folder, or of the link to it.
pub(super) const DATA: &str = "postgres";

/// Homes for data that cannot stay in the asked folder, best first.
const ELSEWHERE: &[&str] = &["/var/lib/oppbase", "/var/tmp/oppbase", "/tmp/oppbase"];

/// Path of the data folder, which need not exist yet; its parent does.
///
/// # Errors
/// [`EmbeddedError::Unreachable`] when there is a link of somebody else that leads nowhere.
pub(super) fn data_folder(dir: &Path, user: Option<&User>) -> Result<PathBuf, EmbeddedError> {
    let data = dir.join(DATA);
    if let Ok(target) = fs::read_link(&data) {
        let target = dir.join(target);
        // The first start may have been killed between the link and the data.
        if target.is_dir() || (is_ours(&target) && target.parent().is_some_and(Path::is_dir)) {
            return Ok(target);
        }
        if !is_ours(&target) {
            return Err(EmbeddedError::Unreachable { link: data, target });
        }
        fs::remove_file(&data).map_err(|e| io("removing the dangling link", &data, e))?;
    }
    match user {
        Some(user) if !data.exists() && !run_as::can_enter(dir, user) => {
            let target = elsewhere(dir, user)?;
            symlink(&target, &data).map_err(|e| io("linking", &data, e))?;
            Ok(target)
        }
        _ => Ok(data),
    }
}

/// Whether a link's target is one that [`elsewhere`] gives.
fn is_ours(target: &Path) -> bool {
    ELSEWHERE
        .iter()
        .any(|home| target.parent() == Some(Path::new(home)))
}

fn elsewhere(dir: &Path, user: &User) -> Result<PathBuf, EmbeddedError> {
    let name = format!("{}-{DATA}", short_hash(dir));
    for home in ELSEWHERE.iter().map(Path::new) {
        let made = DirBuilder::new().recursive(true).mode(0o755).create(home);
        if made.is_ok() && run_as::can_enter(home, user) {
            return Ok(unused(home, &name));
        }
    }
    Err(EmbeddedError::Io {
        doing: format!("PostgreSQL's user cannot enter {}", dir.display()),
        source: std::io::ErrorKind::PermissionDenied.into(),
    })
}

/// A name without a folder. A folder without a link from the asked one belongs to a tree that was
/// moved or removed: it is neither taken over nor deleted.
fn unused(home: &Path, name: &str) -> PathBuf {
    let mut path = home.join(name);
    let mut number = 2;
    while path.exists() {
        path = home.join(format!("{name}-{number}"));
        number += 1;
    }
    path
}

/// Tells apart the folders of several work trees: 12 hexadecimal digits of the path's hash.
fn short_hash(dir: &Path) -> String {
    let digest = Sha256::digest(dir.as_os_str().as_encoded_bytes());
    digest.iter().take(6).map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_user_keeps_the_data_in_the_folder() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let data = data_folder(dir.path(), None).expect("a place");
        assert_eq!(data, dir.path().join(DATA));
    }

    #[test]
    fn a_link_is_followed_wherever_it_leads() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let target = dir.path().join("real");
        fs::create_dir(&target).expect("folder");
        let link = dir.path().join(DATA);
        for written in [target.as_path(), Path::new("real")] {
            symlink(written, &link).expect("link");
            assert_eq!(data_folder(dir.path(), None).expect("a place"), target);
            fs::remove_file(&link).expect("removed");
        }
    }

    #[test]
    fn a_link_that_leads_nowhere_is_replaced_only_if_it_is_ours() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let link = dir.path().join(DATA);
        symlink("/mnt/not-mounted/postgres", &link).expect("link");
        let error = data_folder(dir.path(), None).expect_err("not ours");
        assert!(
            matches!(error, EmbeddedError::Unreachable { .. }),
            "{error}"
        );
        assert!(fs::symlink_metadata(&link).is_ok(), "the link stays");
        assert!(is_ours(Path::new("/var/tmp/oppbase/0123456789ab-postgres")));
        assert!(!is_ours(Path::new("/var/tmp/oppbase/deeper/postgres")));
    }

    #[test]
    fn an_abandoned_folder_is_left_alone() {
        let home = tempfile::tempdir().expect("temporary folder");
        assert_eq!(unused(home.path(), "x"), home.path().join("x"));
        fs::create_dir(home.path().join("x")).expect("folder");
        assert_eq!(unused(home.path(), "x"), home.path().join("x-2"));
    }

    #[test]
    fn two_work_trees_do_not_share_a_folder() {
        assert_ne!(short_hash(Path::new("/a")), short_hash(Path::new("/b")));
        assert_eq!(short_hash(Path::new("/a")).len(), 12);
    }
}
