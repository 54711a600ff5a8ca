//! Cleans up after a crash: stops a server that outlived its owner, and removes a
//! `postmaster.pid` whose process is gone or is somebody else by now.
//!
//! The caller holds the folder's lock, so no other oppbase runs a server there on purpose.
//! Source: <https://www.postgresql.org/docs/current/server-shutdown.html>.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::error::{EmbeddedError, io};

/// First lines of `postmaster.pid`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PidFile {
    pub(super) pid: i32,
    /// Line 8, as `pg_ctl` reads it: the server accepts connections.
    pub(super) is_ready: bool,
}

impl PidFile {
    /// Reads the file of a data folder; `None`: none, or not complete yet.
    pub(super) fn read(data: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(data.join("postmaster.pid")).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let pid = lines.first()?.parse().ok().filter(|&pid| pid > 0)?;
        let is_ready = lines.get(7).is_some_and(|status| *status == "ready");
        Some(Self { pid, is_ready })
    }
}

/// Makes the data folder ready for a start.
///
/// # Errors
/// [`EmbeddedError::Orphan`] when a server does not end.
pub(super) fn clear(data: &Path) -> Result<(), EmbeddedError> {
    let path = data.join("postmaster.pid");
    if !path.exists() {
        return Ok(());
    }
    if let Some(PidFile { pid, .. }) = PidFile::read(data)
        && is_server_of(pid, data)
    {
        stop(pid)?;
    }
    match fs::remove_file(&path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(io("removing", &path, e)),
        _ => Ok(()),
    }
}

/// Ends a server process that is not our child: a fast shutdown, then an immediate one.
fn stop(pid: i32) -> Result<(), EmbeddedError> {
    const STEPS: [(Signal, Duration); 2] = [
        (Signal::SIGINT, Duration::from_secs(15)),
        (Signal::SIGQUIT, Duration::from_secs(5)),
    ];
    for (signal, patience) in STEPS {
        let _ = kill(Pid::from_raw(pid), signal);
        let end = Instant::now() + patience;
        while Instant::now() < end {
            if !is_alive(pid) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
    Err(EmbeddedError::Orphan { pid })
}

fn is_alive(pid: i32) -> bool {
    !matches!(kill(Pid::from_raw(pid), None), Err(Errno::ESRCH))
}

/// Whether the process is the server of this data folder; process ids are used again, above all in
/// containers. A server's working folder is its data folder; without `/proc`, its command tells.
fn is_server_of(pid: i32, data: &Path) -> bool {
    if !is_alive(pid) {
        return false;
    }
    if Path::new("/proc/self/cwd").exists() {
        let own = fs::canonicalize(data).ok();
        return own.is_some() && fs::read_link(format!("/proc/{pid}/cwd")).ok() == own;
    }
    Command::new("ps")
        .args(["-o", "command=", "-p", &pid.to_string()])
        .output()
        .is_ok_and(|ps| {
            let command = String::from_utf8_lossy(&ps.stdout).into_owned();
            command.contains("postgres") && command.contains(&*data.to_string_lossy())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eighth_line_says_ready() {
        let text = "4711\n/data\n1700000000\n54322\n\n127.0.0.1\n  1 2\nready   \n";
        assert_eq!(
            PidFile::parse(text),
            Some(PidFile {
                pid: 4711,
                is_ready: true
            })
        );
        let starting = text.replace("ready   ", "starting");
        assert!(!PidFile::parse(&starting).expect("a pid").is_ready);
        assert_eq!(PidFile::parse(""), None);
        assert_eq!(PidFile::parse("-1\n"), None, "a single-user process");
    }

    #[test]
    fn a_pid_file_of_an_unrelated_process_is_removed_and_the_process_left_alone() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let path = dir.path().join("postmaster.pid");
        fs::write(&path, format!("{}\n", std::process::id())).expect("written");
        clear(dir.path()).expect("cleared");
        assert!(!path.exists());
    }
}
