//! Makes a cluster: `initdb` in a staging folder, renamed when it is complete, so that a crash in
//! the middle leaves nothing that looks like a cluster.

use std::fs::{self, DirBuilder, File};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::process::Stdio;

use super::binaries::Binaries;
use super::error::{EmbeddedError, io};
use super::run_as::{self, User};
use super::{ClusterOptions, Durability, SUPERUSER};

/// Locales, best first; not every machine has `C.UTF-8`. No ICU: a cluster whose default is ICU ignores
/// the `lc_collate` of a later `CREATE DATABASE`, and sorting should not depend on the machine.
const LOCALES: &[&str] = &["--locale=C.UTF-8", "--locale=C"];

/// Major version of the data in a folder; `None`: no cluster there.
pub(super) fn version_of(data: &Path) -> Result<Option<u32>, EmbeddedError> {
    let path = data.join("PG_VERSION");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text.trim().parse().ok()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(io("reading", &path, e)),
    }
}

/// Makes the cluster in `data`, which must not hold one.
pub(super) fn create(
    data: &Path,
    binaries: &Binaries,
    user: Option<&User>,
    options: &ClusterOptions,
) -> Result<(), EmbeddedError> {
    let staging = data.with_extension("new");
    let mut failure = String::new();
    for locale in LOCALES {
        remove_tree(&staging)?;
        DirBuilder::new()
            .mode(0o700)
            .create(&staging)
            .map_err(|e| io("creating", &staging, e))?;
        run_as::hand_over(&staging, user)?;
        match run(&staging, binaries, user, options, locale)? {
            Ok(()) => {
                remove_tree(data)?;
                return fs::rename(&staging, data).map_err(|e| io("renaming to", data, e));
            }
            Err(reason) => failure = reason,
        }
    }
    remove_tree(&staging)?;
    Err(EmbeddedError::InitDb { reason: failure })
}

fn run(
    staging: &Path,
    binaries: &Binaries,
    user: Option<&User>,
    options: &ClusterOptions,
    locale: &str,
) -> Result<Result<(), String>, EmbeddedError> {
    let mut command = run_as::command(&binaries.program("initdb"), user);
    command
        .args(["--encoding=UTF8", "--username", SUPERUSER])
        .arg(locale)
        .arg("--pgdata")
        .arg(staging)
        .stdin(Stdio::null());
    if options.durability == Durability::Throwaway {
        command.arg("--no-sync");
    }
    let password_file = staging.with_extension("pw");
    match &options.password {
        Some(password) => {
            write_private(&password_file, password, user)?;
            command.args(["--auth=scram-sha-256", "--pwfile"]);
            command.arg(&password_file);
        }
        None => {
            command.arg("--auth=trust");
        }
    }
    let output = command.output();
    let _ = fs::remove_file(&password_file);
    let output = output.map_err(|e| io("running", &binaries.program("initdb"), e))?;
    if output.status.success() {
        return Ok(Ok(()));
    }
    let text = String::from_utf8_lossy(&output.stderr);
    Ok(Err(error_line(&text)))
}

/// The line that says what went wrong.
fn error_line(output: &str) -> String {
    let lines = || output.lines().filter(|line| !line.trim().is_empty());
    lines()
        .find(|line| line.contains("error:") || line.contains("FATAL"))
        .or_else(|| lines().next_back())
        .unwrap_or("no output")
        .trim()
        .to_owned()
}

fn write_private(path: &Path, text: &str, user: Option<&User>) -> Result<(), EmbeddedError> {
    let _ = fs::remove_file(path);
    File::options()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|e| io("writing", path, e))?;
    run_as::hand_over(path, user)
}

fn remove_tree(dir: &Path) -> Result<(), EmbeddedError> {
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(io("removing", dir, e)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_line_is_picked_from_chatty_output() {
        let output = "The files belong to user x.\n\ninitdb: error: invalid locale name\nhint\n";
        assert_eq!(error_line(output), "initdb: error: invalid locale name");
        assert_eq!(error_line("only this\n\n"), "only this");
        assert_eq!(error_line(""), "no output");
    }

    #[test]
    fn a_folder_without_a_cluster_has_no_version() {
        let dir = tempfile::tempdir().expect("temporary folder");
        assert_eq!(version_of(dir.path()).expect("readable"), None);
        fs::write(dir.path().join("PG_VERSION"), "17\n").expect("written");
        assert_eq!(version_of(dir.path()).expect("readable"), Some(17));
    }
}
