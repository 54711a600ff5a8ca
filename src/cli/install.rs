//! Installs PostgreSQL from the distribution where `oppbase dev` finds none and may install: Debian
//! and its relatives, as root or with a `sudo` that does not ask.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::pg::embedded::EmbeddedError;

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
    let apt = |arguments: &[&str]| {
        let words: Vec<&str> = prefix
            .iter()
            .chain(&["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"])
            .chain(arguments)
            .copied()
            .collect();
        Command::new(words[0])
            .args(&words[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    let install = ["install", "-y", "--no-install-recommends", "postgresql"];
    // A fresh image has no package lists; an old list may name packages that are gone.
    apt(&["update"]) && apt(&install)
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
