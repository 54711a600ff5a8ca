//! Who PostgreSQL runs as: ourselves, or, when we are root, an unprivileged user.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::unistd;

use super::error::{EmbeddedError, io};

/// Users that root hands PostgreSQL to, the first that exists.
const UNPRIVILEGED: &[&str] = &["postgres", "nobody"];

/// An unprivileged user that root starts processes as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    uid: u32,
    gid: u32,
}

/// The user for a data folder that may exist already; `None`: as ourselves.
///
/// # Errors
/// [`EmbeddedError::NotOurs`] when the data is somebody else's and we are not root;
/// [`EmbeddedError::NoUser`] when we are root and there is nobody to hand it to.
pub(super) fn choose(data: &Path) -> Result<Option<User>, EmbeddedError> {
    let owner = fs::metadata(data).ok().map(|meta| (meta.uid(), meta.gid()));
    let own_uid = unistd::geteuid().as_raw();
    if own_uid != 0 {
        return match owner {
            Some((uid, _)) if uid != own_uid => Err(EmbeddedError::NotOurs { dir: data.into() }),
            _ => Ok(None),
        };
    }
    if let Some((uid, gid)) = owner.filter(|&(uid, _)| uid != 0) {
        return Ok(Some(User { uid, gid }));
    }
    UNPRIVILEGED
        .iter()
        .find_map(|name| unistd::User::from_name(name).ok().flatten())
        .map(|user| {
            Some(User {
                uid: user.uid.as_raw(),
                gid: user.gid.as_raw(),
            })
        })
        .ok_or(EmbeddedError::NoUser)
}

/// A command that runs as the user, outside the caller's folder (which the user may not be able to
/// enter), with an environment that holds nothing of the caller's PostgreSQL settings.
pub(super) fn command(program: &Path, user: Option<&User>) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .current_dir("/");
    if let Some(user) = user {
        // The standard library drops root's supplementary groups together with the user id.
        command.uid(user.uid).gid(user.gid);
    }
    command
}

/// Gives a file or folder to the user.
pub(super) fn hand_over(path: &Path, user: Option<&User>) -> Result<(), EmbeddedError> {
    match user {
        Some(user) => chown(path, Some(user.uid), Some(user.gid))
            .map_err(|e| io("changing the owner of", path, e)),
        None => Ok(()),
    }
}

/// Whether the user can enter the folder, tried as the user (modes do not tell about ACLs).
pub(super) fn can_enter(dir: &Path, user: &User) -> bool {
    command(Path::new("/bin/sh"), Some(user))
        .args(["-c", "cd -- \"$1\"", "sh"])
        .arg(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
