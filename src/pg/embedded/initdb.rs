//! Makes a cluster: `initdb` below a staging folder, renamed when it is complete, so that a crash in
//! the middle leaves nothing that looks like a cluster.
//!
//! Nothing is removed that was not made here: a staging folder carries a [`MARKER`], and only what
//! this file puts there goes. Anything else in the way is an error.

use std::fs::{self, DirBuilder, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::binaries::Binaries;
use super::error::{EmbeddedError, io};
use super::run_as::{self, User};
use super::{ClusterOptions, Durability, SUPERUSER};

/// Locales, best first; not every machine has `C.UTF-8`. No ICU: a cluster whose default is ICU ignores
/// the `lc_collate` of a later `CREATE DATABASE`, and sorting should not depend on the machine.
const LOCALES: &[&str] = &["--locale=C.UTF-8", "--locale=C"];

/// In a staging folder: its `data` was never in use.
const MARKER: &str = "oppbase-unfinished-initdb";

/// Major version of the data in a folder; `None`: no folder, or an empty one.
///
/// # Errors
/// [`EmbeddedError::Damaged`], [`EmbeddedError::Foreign`].
pub(super) fn version_of(data: &Path) -> Result<Option<u32>, EmbeddedError> {
    let path = data.join("PG_VERSION");
    let text = match fs::read(&path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(e) if e.kind() == ErrorKind::NotFound => return require_empty(data).map(|()| None),
        Err(e) if e.kind() == ErrorKind::NotADirectory => {
            return Err(EmbeddedError::Foreign { path: data.into() });
        }
        Err(e) => return Err(io("reading", &path, e)),
    };
    match text.trim().parse() {
        Ok(major) => Ok(Some(major)),
        Err(_) => Err(EmbeddedError::Damaged { file: path }),
    }
}

fn require_empty(dir: &Path) -> Result<(), EmbeddedError> {
    match fs::read_dir(dir).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(EmbeddedError::Foreign { path: dir.into() }),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        Err(e) => Err(io("reading", dir, e)),
    }
}

/// Makes the cluster in `data`, of which [`version_of`] said that there is nothing.
pub(super) fn create(
    data: &Path,
    binaries: &Binaries,
    user: Option<&User>,
    options: &ClusterOptions,
) -> Result<(), EmbeddedError> {
    let staging = Staging(data.with_extension("new"));
    let mut failure = String::new();
    for locale in LOCALES {
        staging.remove()?;
        staging.make(user)?;
        match run(&staging, binaries, user, options, locale)? {
            Ok(()) => {
                // An empty folder is replaced; a folder that was filled meanwhile is refused.
                fs::rename(staging.data(), data).map_err(|e| io("renaming to", data, e))?;
                return staging.remove();
            }
            Err(reason) => failure = reason,
        }
    }
    staging.remove()?;
    Err(EmbeddedError::InitDb { reason: failure })
}

/// The folder that a cluster is made in: the marker, the password for `initdb`, the data.
struct Staging(PathBuf);

impl Staging {
    fn marker(&self) -> PathBuf {
        self.0.join(MARKER)
    }

    fn password(&self) -> PathBuf {
        self.0.join("password")
    }

    fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    /// Makes it, with the marker first.
    fn make(&self, user: Option<&User>) -> Result<(), EmbeddedError> {
        DirBuilder::new()
            .mode(0o700)
            .create(&self.0)
            .map_err(|e| io("creating", &self.0, e))?;
        fs::write(self.marker(), "").map_err(|e| io("writing", &self.marker(), e))?;
        run_as::hand_over(&self.0, user)
    }

    /// Removes what an earlier attempt left, the marker last: a removal that was interrupted can be
    /// taken up again.
    fn remove(&self) -> Result<(), EmbeddedError> {
        let failed = |e| io("removing", &self.0, e);
        if self.marker().is_file() {
            gone(fs::remove_dir_all(self.data())).map_err(failed)?;
            gone(fs::remove_file(self.password())).map_err(failed)?;
            gone(fs::remove_file(self.marker())).map_err(failed)?;
        }
        // Without a marker it may be empty: the attempt ended before it was written.
        require_empty(&self.0)?;
        gone(fs::remove_dir(&self.0)).map_err(failed)
    }
}

/// Whether what should be gone is gone.
fn gone(removed: std::io::Result<()>) -> std::io::Result<()> {
    match removed {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

fn run(
    staging: &Staging,
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
        .arg(staging.data())
        .stdin(Stdio::null());
    if options.durability == Durability::Throwaway {
        command.arg("--no-sync");
    }
    match &options.password {
        Some(password) => {
            write_private(&staging.password(), password, user)?;
            command.args(["--auth=scram-sha-256", "--pwfile"]);
            command.arg(staging.password());
        }
        None => {
            command.arg("--auth=trust");
        }
    }
    let output = command
        .output()
        .map_err(|e| io("running", &binaries.program("initdb"), e))?;
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
    File::options()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|e| io("writing", path, e))?;
    run_as::hand_over(path, user)
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
    fn a_version_is_read_and_nothing_is_nothing() {
        let dir = tempfile::tempdir().expect("temporary folder");
        assert_eq!(version_of(dir.path()).expect("an empty folder"), None);
        let missing = dir.path().join("missing");
        assert_eq!(version_of(&missing).expect("no folder"), None);
        fs::write(dir.path().join("PG_VERSION"), "17\n").expect("written");
        assert_eq!(version_of(dir.path()).expect("readable"), Some(17));
    }

    #[test]
    fn a_version_that_is_no_number_is_damage_and_not_absence() {
        let dir = tempfile::tempdir().expect("temporary folder");
        for text in [&b""[..], b"\n", b"seventeen", b"\xff\xfe", b"-1"] {
            fs::write(dir.path().join("PG_VERSION"), text).expect("written");
            let error = version_of(dir.path()).expect_err("damaged");
            assert!(matches!(error, EmbeddedError::Damaged { .. }), "{error}");
        }
    }

    #[test]
    fn a_folder_of_somebody_else_is_foreign() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let file = dir.path().join("x");
        fs::write(&file, "hi").expect("written");
        for path in [dir.path(), &file] {
            let error = version_of(path).expect_err("foreign");
            assert!(matches!(error, EmbeddedError::Foreign { .. }), "{error}");
        }
    }

    #[test]
    fn an_unfinished_attempt_is_removed_wherever_it_ended() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let staging = Staging(dir.path().join("postgres.new"));
        staging.remove().expect("there is none");
        let steps: [&dyn Fn(); 4] = [
            &|| fs::remove_file(staging.marker()).expect("removed"),
            &|| {},
            &|| fs::write(staging.password(), "x").expect("written"),
            &|| fs::create_dir_all(staging.data().join("base/1")).expect("folders"),
        ];
        for step in steps {
            staging.make(None).expect("made");
            step();
            staging.remove().expect("removed");
            assert!(!staging.0.exists());
        }
    }

    #[test]
    fn a_staging_folder_of_somebody_else_stays() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let staging = Staging(dir.path().join("postgres.new"));
        let file = staging.data().join("x");
        fs::create_dir_all(staging.data()).expect("folders");
        fs::write(&file, "hi").expect("written");
        let error = staging.remove().expect_err("no marker");
        assert!(matches!(error, EmbeddedError::Foreign { .. }), "{error}");
        assert!(file.exists());
    }
}
