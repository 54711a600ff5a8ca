//! Installs PostgreSQL from the distribution where `oppbase dev` finds none and may install: Debian
//! and its relatives, as root or with a `sudo` that does not ask. The programs only: no cluster of the
//! system is made, and where there is an installation nothing is touched.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::pg::embedded::EmbeddedError;

const SCRIPT: &str = include_str!("install.sh");

/// Settings of Debian's scripts that make clusters.
const CREATE_CLUSTER_SETTINGS: &str = "/etc/postgresql-common/createcluster.d";

/// Tries it; false when it may not or did not work. The package manager's own words go to standard
/// error.
pub(super) fn install_postgres(missing: &EmbeddedError) -> bool {
    // An old version that is there came from the same source and would come again.
    if !matches!(missing, EmbeddedError::NoBinaries { seen } if seen.is_empty()) {
        return false;
    }
    let Some(prefix) = privileges() else {
        return false;
    };
    super::note("PostgreSQL was not found: installing the distribution's package `postgresql` …");
    let mut command = match prefix {
        [] => Command::new("/bin/sh"),
        [first, more @ ..] => {
            let mut command = Command::new(first);
            command.args(more).arg("/bin/sh");
            command
        }
    };
    run(command.args(["-c", SCRIPT, "oppbase-install", CREATE_CLUSTER_SETTINGS]))
}

fn run(script: &mut Command) -> bool {
    script
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The words before a command that needs root; `None`: we cannot become root.
fn privileges() -> Option<&'static [&'static str]> {
    if !Path::new("/usr/bin/apt-get").exists() {
        return None;
    }
    if nix::unistd::geteuid().is_root() {
        return Some(&[]);
    }
    let sudo = Command::new("sudo")
        .args(["-n", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    sudo.is_ok_and(|status| status.success())
        .then_some(&["sudo", "-n"])
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// Runs the script with an `apt-get` that writes down how it was called, and the settings it
    /// finds then; it fails at the given command.
    fn install(folder: &Path, failing: &str) -> (bool, String) {
        let settings = folder.join("createcluster.d");
        let calls = folder.join("calls");
        let apt = folder.join("apt-get");
        let text = format!(
            "#!/bin/sh\necho \"$@\" >>'{calls}'\ncat '{settings}'/* >>'{calls}'\n\
             case \"$*\" in *{failing}*) exit 1;; esac\n",
            calls = calls.display(),
            settings = settings.display(),
        );
        fs::write(&apt, text).expect("written");
        fs::set_permissions(&apt, PermissionsExt::from_mode(0o755)).expect("executable");
        let path = format!("{}:/usr/bin:/bin", folder.display());
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT, "install"]).arg(&settings);
        let done = run(command.env("PATH", path));
        let left = fs::read_dir(&settings).expect("a folder").count();
        assert_eq!(left, 0, "the setting does not outlive the installation");
        (
            done,
            fs::read_to_string(&calls).expect("apt-get was called"),
        )
    }

    #[test]
    fn the_package_is_installed_while_no_cluster_is_made() {
        let folder = tempfile::tempdir().expect("temporary folder");
        assert_eq!(
            install(folder.path(), "nothing"),
            (
                true,
                "-qq update\ncreate_main_cluster = false\n\
                 -qq install -y --no-install-recommends postgresql\ncreate_main_cluster = false\n"
                    .into()
            )
        );
    }

    #[test]
    fn a_failure_is_told_and_leaves_no_setting() {
        for failing in ["update", "install"] {
            let folder = tempfile::tempdir().expect("temporary folder");
            let (done, calls) = install(folder.path(), failing);
            assert!(!done && calls.contains(failing), "{calls}");
        }
    }

    #[test]
    fn an_installation_is_not_touched() {
        assert!(!install_postgres(&EmbeddedError::NoBinaries {
            seen: vec![14]
        }));
        assert!(!install_postgres(&EmbeddedError::OtherVersion {
            wanted: 17
        }));
    }
}
