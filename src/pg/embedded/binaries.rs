//! Finds PostgreSQL's server programs.
//!
//! In: the machine (`PATH`, `pg_config`, the folders that distributions use), and the major version
//! of existing data, which must be matched exactly. Out: a folder with `initdb` and `postgres`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::EmbeddedError;

/// Oldest supported major version (`security_invoker` views came with it).
pub const MINIMUM_MAJOR: u32 = 15;

/// Folders of packaged installations; `*` stands for one path component.
const DISTRIBUTION_FOLDERS: &[&str] = &[
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/lib/postgresql*/bin",
    "/usr/libexec/postgresql*",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
];

/// One installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// Folder with `initdb` and `postgres`.
    pub dir: PathBuf,
    /// Major version, for example 17.
    pub major: u32,
}

impl Binaries {
    /// The installation to use: of the version `required` by existing data, otherwise the first of
    /// `PATH`, `pg_config`, distribution folders (newest first) that is new enough.
    ///
    /// # Errors
    /// [`EmbeddedError::NoBinaries`], [`EmbeddedError::OtherVersion`].
    pub fn find(required: Option<u32>) -> Result<Self, EmbeddedError> {
        choose(required, candidates().iter().filter_map(|dir| probe(dir)))
    }

    /// Path of one program.
    pub fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

fn choose(
    required: Option<u32>,
    found: impl Iterator<Item = Binaries>,
) -> Result<Binaries, EmbeddedError> {
    let mut too_old = Vec::new();
    for binaries in found {
        match required {
            Some(major) if binaries.major == major => return Ok(binaries),
            Some(_) => {}
            None if binaries.major >= MINIMUM_MAJOR => return Ok(binaries),
            None => too_old.push(binaries.major),
        }
    }
    match required {
        Some(wanted) => Err(EmbeddedError::OtherVersion { wanted }),
        None => {
            too_old.dedup();
            Err(EmbeddedError::NoBinaries { seen: too_old })
        }
    }
}

fn candidates() -> Vec<PathBuf> {
    let mut dirs: Vec<PathBuf> = env::var_os("PATH")
        .map(|path| env::split_paths(&path).collect())
        .unwrap_or_default();
    dirs.extend(pg_config_folder());
    for pattern in DISTRIBUTION_FOLDERS {
        dirs.extend(expand(pattern));
    }
    dirs
}

fn pg_config_folder() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| PathBuf::from(text.trim()))
}

/// Folders that match the pattern, the highest version first.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let mut dirs = vec![PathBuf::from("/")];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        dirs = match part.split_once('*') {
            None => dirs.into_iter().map(|dir| dir.join(part)).collect(),
            Some((before, after)) => dirs
                .iter()
                .flat_map(|dir| matching_children(dir, before, after))
                .collect(),
        };
    }
    dirs.retain(|dir| dir.is_dir());
    dirs
}

fn matching_children(dir: &Path, before: &str, after: &str) -> Vec<PathBuf> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.len() >= before.len() + after.len())
        .filter(|name| name.starts_with(before) && name.ends_with(after))
        .collect();
    names.sort_by_key(|name| std::cmp::Reverse(first_number(name)));
    names.iter().map(|name| dir.join(name)).collect()
}

/// The installation in a folder. `PATH` often has a link to `postgres` alone, so the link is
/// followed before `initdb` is looked for beside it.
fn probe(dir: &Path) -> Option<Binaries> {
    let postgres = fs::canonicalize(dir.join("postgres")).ok()?;
    let dir = postgres.parent()?.to_path_buf();
    if !dir.join("initdb").is_file() {
        return None;
    }
    let output = Command::new(&postgres).arg("--version").output().ok()?;
    let major = first_number(&String::from_utf8_lossy(&output.stdout))?;
    Some(Binaries { dir, major })
}

/// `postgres (PostgreSQL) 17.2 (Debian …)` -> 17
fn first_number(text: &str) -> Option<u32> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let digits: String = text[start..]
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(majors: &[u32]) -> Vec<Binaries> {
        majors
            .iter()
            .map(|&major| Binaries {
                dir: format!("/pg/{major}").into(),
                major,
            })
            .collect()
    }

    #[test]
    fn the_first_new_enough_installation_wins() {
        let found = choose(None, installed(&[13, 16, 17]).into_iter()).expect("16 is fine");
        assert_eq!(found.major, 16);
    }

    #[test]
    fn existing_data_decides_the_version() {
        let found = choose(Some(17), installed(&[16, 17]).into_iter()).expect("17 is there");
        assert_eq!(found.major, 17);
        let error = choose(Some(15), installed(&[16, 17]).into_iter()).expect_err("15 is not");
        assert!(matches!(error, EmbeddedError::OtherVersion { wanted: 15 }));
    }

    #[test]
    fn old_versions_are_named_in_the_error() {
        let error = choose(None, installed(&[14, 14]).into_iter()).expect_err("too old");
        assert_eq!(
            error.to_string(),
            "PostgreSQL 15 or newer was not found (found: 14)"
        );
    }

    #[test]
    fn version_numbers_are_read_from_program_output() {
        assert_eq!(
            first_number("postgres (PostgreSQL) 17.2 (Debian)"),
            Some(17)
        );
        assert_eq!(first_number("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(first_number("none"), None);
    }

    #[test]
    fn folders_expand_with_the_highest_version_first() {
        let root = tempfile::tempdir().expect("temporary folder");
        for version in ["9", "15", "17"] {
            fs::create_dir_all(root.path().join(version).join("bin")).expect("folder");
        }
        let pattern = format!("{}/*/bin", root.path().display());
        let names: Vec<_> = expand(&pattern)
            .iter()
            .map(|dir| dir.strip_prefix(root.path()).expect("inside").to_owned())
            .collect();
        assert_eq!(
            names,
            [Path::new("17/bin"), Path::new("15/bin"), Path::new("9/bin")]
        );
    }
}
