//! The server process: its settings, its start, its end.
//!
//! The server is started through `watch.sh`, which ties its life to ours: whatever ends this process,
//! the server stops too. It has a process group of its own, so that Ctrl-C reaches us alone and we
//! decide the order of the shutdown.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::binaries::Binaries;
use super::error::{EmbeddedError, io};
use super::leftover::PidFile;
use super::run_as::{self, User};
use super::{ClusterOptions, Durability};

const WATCH: &str = include_str!("watch.sh");

/// Recovery after a crash may take a while.
const START_PATIENCE: Duration = Duration::from_secs(120);

/// A running server. The owner calls [`Server::stop`]; until then the pipe in `child` keeps it alive.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
}

impl Server {
    /// Starts the server and waits until it accepts connections.
    pub(super) fn start(
        options: &ClusterOptions,
        data: &Path,
        binaries: &Binaries,
        user: Option<&User>,
        port: u16,
    ) -> Result<Self, EmbeddedError> {
        let log = options.dir.join("postgres.log");
        // The last words of a server that died are worth more than the first ones of its successor.
        let _ = fs::rename(&log, log.with_extension("log.old"));
        let log_file = File::create(&log).map_err(|e| io("writing", &log, e))?;
        let mut command = run_as::command(Path::new("/bin/sh"), user);
        command.args(["-c", WATCH, "oppbase-watch"]).arg(data);
        match options.durability {
            Durability::Throwaway => command.arg(&options.dir),
            Durability::Durable => command.arg(""),
        };
        command
            .arg(binaries.program("postgres"))
            .arg("-D")
            .arg(data);
        for (name, value) in settings(options, port) {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log_file)
            .process_group(0)
            .spawn()
            .map_err(|e| io("starting", &binaries.program("postgres"), e))?;
        let mut server = Self { child };
        server.wait_until_ready(data, &log)?;
        Ok(server)
    }

    fn wait_until_ready(&mut self, data: &Path, log: &Path) -> Result<(), EmbeddedError> {
        let end = Instant::now() + START_PATIENCE;
        let pid = i32::try_from(self.child.id()).unwrap_or_default();
        while Instant::now() < end {
            if !self.is_running() {
                return Err(not_started(log));
            }
            if PidFile::read(data).is_some_and(|file| file.is_ready && file.pid == pid) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        self.stop();
        Err(not_started(log))
    }

    pub(super) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// A fast shutdown (clients are disconnected, the data is flushed), then an immediate one.
    pub(super) fn stop(&mut self) {
        const STEPS: [(Signal, Duration); 3] = [
            (Signal::SIGINT, Duration::from_secs(20)),
            (Signal::SIGQUIT, Duration::from_secs(5)),
            (Signal::SIGKILL, Duration::from_secs(1)),
        ];
        for (signal, patience) in STEPS {
            let end = Instant::now() + patience;
            if self.is_running()
                && let Ok(pid) = i32::try_from(self.child.id())
            {
                let _ = kill(Pid::from_raw(pid), signal);
            }
            while Instant::now() < end {
                if !self.is_running() {
                    return;
                }
                thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

/// Server settings, in the order of their precedence: later ones win.
fn settings(options: &ClusterOptions, port: u16) -> Vec<(String, String)> {
    const ALWAYS: &[(&str, &str)] = &[
        ("listen_addresses", "127.0.0.1"),
        // Socket paths are short by law of the system, work trees are not.
        ("unix_socket_directories", ""),
        ("timezone", "UTC"),
        ("log_timezone", "UTC"),
        ("lc_messages", "C"),
    ];
    // Compiling costs more than the short statements of an API take.
    const DURABLE: &[(&str, &str)] = &[("jit", "off")];
    const THROWAWAY: &[(&str, &str)] = &[
        ("fsync", "off"),
        ("synchronous_commit", "off"),
        ("full_page_writes", "off"),
        ("autovacuum", "off"),
        ("max_connections", "300"),
    ];
    let extra = match options.durability {
        Durability::Throwaway => THROWAWAY,
        Durability::Durable => DURABLE,
    };
    let own = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    let mut all: Vec<_> = ALWAYS.iter().chain(extra).map(own).collect();
    all.push(("port".into(), port.to_string()));
    all.extend(options.settings.iter().cloned());
    all
}

fn not_started(log: &Path) -> EmbeddedError {
    let text = fs::read_to_string(log).unwrap_or_default();
    EmbeddedError::NotStarted {
        reason: reason(&text),
        log: PathBuf::from(log),
    }
}

/// The last line of the log that names an error, without its time stamp.
fn reason(log: &str) -> String {
    let line = log
        .lines()
        .rev()
        .find(|line| line.contains("FATAL:") || line.contains("PANIC:"))
        .or_else(|| log.lines().rev().find(|line| !line.trim().is_empty()))
        .unwrap_or("it ended without a word");
    let start = line.find("FATAL:").or_else(|| line.find("PANIC:"));
    line[start.unwrap_or(0)..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_the_last_fatal_line_without_its_time_stamp() {
        let log = "2026-01-01 LOG:  starting\n2026-01-01 FATAL:  could not map\n2026-01-01 LOG:  shut down\n";
        assert_eq!(reason(log), "FATAL:  could not map");
        assert_eq!(reason("postgres: odd\n\n"), "postgres: odd");
        assert_eq!(reason(""), "it ended without a word");
    }

    #[test]
    fn a_callers_setting_comes_last_and_wins() {
        let options = ClusterOptions {
            dir: "/d".into(),
            port: 0,
            password: None,
            durability: Durability::Durable,
            settings: vec![("jit".into(), "on".into())],
        };
        let all = settings(&options, 5);
        let jit: Vec<_> = all.iter().filter(|(name, _)| name == "jit").collect();
        assert_eq!(jit.last().map(|(_, value)| value.as_str()), Some("on"));
        assert!(all.contains(&("port".into(), "5".into())));
    }
}
