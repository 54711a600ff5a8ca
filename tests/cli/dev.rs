//! `oppbase dev` and what people do to it: stop it, kill it, start it twice.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{finish, oppbase};
use crate::common::db;

/// A running `oppbase dev`, killed when dropped.
pub(super) struct Dev {
    child: Child,
}

impl Dev {
    /// Starts it and waits for the banner.
    pub(super) fn start(data_dir: &Path) -> Self {
        Self::start_with(data_dir, &["--no-demo"])
    }

    pub(super) fn start_with(data_dir: &Path, arguments: &[&str]) -> Self {
        let mut child = oppbase()
            .args(["dev", "--port", "0", "--db-port", "0"])
            .args(arguments)
            .args(["--admin-port", &free_port().to_string()])
            .arg("--data-dir")
            .arg(data_dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut lines = stdout.lines().map_while(Result::ok);
        let running = lines.any(|line| line.contains("swagger:"));
        thread::spawn(move || lines.for_each(drop));
        if !running {
            let output = child.wait_with_output().expect("ended");
            panic!("no banner: {}", String::from_utf8_lossy(&output.stderr));
        }
        // A pipe that nobody reads stops whoever writes to it.
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        thread::spawn(move || stderr.lines().map_while(Result::ok).for_each(drop));
        Self { child }
    }

    fn pid(&self) -> i32 {
        self.child.id().try_into().expect("a process id")
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).expect("our own child");
    }

    /// Waits for the end; its exit code.
    pub(super) fn wait(mut self) -> Option<i32> {
        self.child.wait().expect("our own child").code()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("bound").port()
}

pub(super) fn status(data_dir: &Path) -> serde_json::Value {
    let status = finish(
        oppbase()
            .args(["status", "-o", "json", "--data-dir"])
            .arg(data_dir),
    );
    assert_eq!(status.code, Some(0), "{}", status.stderr);
    serde_json::from_str(&status.stdout).expect("JSON")
}

pub(super) fn db_url(data_dir: &Path) -> String {
    status(data_dir)["DB_URL"]
        .as_str()
        .expect("a string")
        .to_owned()
}

pub(super) fn sql(uri: &str, sql: &str) {
    db::block_on(db::execute(uri.into(), sql.into()));
}

/// Waits until nothing listens on the port of the URI.
pub(super) fn wait_until_closed(uri: &str) {
    let config: tokio_postgres::Config = uri.parse().expect("a connection URI");
    let port = config.get_ports()[0];
    let end = Instant::now() + Duration::from_secs(20);
    while TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(Instant::now() < end, "PostgreSQL still listens on {port}");
        thread::sleep(Duration::from_millis(50));
    }
}

pub(super) fn data_dir() -> tempfile::TempDir {
    tempfile::tempdir().expect("temporary folder")
}

#[test]
fn ctrl_c_and_terminate_end_both_processes_and_the_data_stays() {
    let dir = data_dir();
    let dev = Dev::start(dir.path());
    let uri = db_url(dir.path());
    sql(&uri, "create table kept (id int)");
    dev.signal(Signal::SIGINT);
    assert_eq!(dev.wait(), Some(0));
    wait_until_closed(&uri);
    let stopped = finish(oppbase().args(["status", "--data-dir"]).arg(dir.path()));
    assert_eq!(stopped.code, Some(8), "a stopped instance has no status");

    let dev = Dev::start(dir.path());
    sql(&db_url(dir.path()), "table kept");
    dev.signal(Signal::SIGTERM);
    assert_eq!(dev.wait(), Some(0));
}

#[test]
fn a_killed_instance_takes_postgresql_with_it_and_blocks_no_start() {
    let dir = data_dir();
    let dev = Dev::start(dir.path());
    let uri = db_url(dir.path());
    sql(&uri, "create table kept (id int)");
    dev.signal(Signal::SIGKILL);
    assert_eq!(dev.wait(), None);
    // At once, while the old server may still be shutting down.
    let dev = Dev::start(dir.path());
    let new_uri = db_url(dir.path());
    sql(&new_uri, "table kept");
    wait_until_closed(&uri);
    dev.signal(Signal::SIGKILL);
    assert_eq!(dev.wait(), None);
    wait_until_closed(&new_uri);
}

#[test]
fn a_second_instance_in_the_same_folder_is_refused() {
    let dir = data_dir();
    let _dev = Dev::start(dir.path());
    let second = finish(
        oppbase()
            .args(["dev", "--port", "0", "--db-port", "0", "--admin-port"])
            .arg(free_port().to_string())
            .arg("--data-dir")
            .arg(dir.path()),
    );
    assert_eq!(second.code, Some(6), "{}", second.stderr);
    assert!(
        second.stderr.contains("\nhint: stop it"),
        "{}",
        second.stderr
    );
}

#[test]
fn a_taken_port_is_named() {
    let dir = data_dir();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = taken.local_addr().expect("bound").port().to_string();
    for flag in ["--port", "--db-port", "--admin-port"] {
        let mut command = oppbase();
        command.arg("dev").arg("--data-dir").arg(dir.path());
        for other in ["--port", "--db-port", "--admin-port"] {
            let free = free_port().to_string();
            command.args([other, if other == flag { &port } else { &free }]);
        }
        let dev = finish(&mut command);
        assert_eq!(dev.code, Some(5), "{flag}: {}", dev.stderr);
        assert!(
            dev.stderr.contains(&format!("port {port} is in use")),
            "{flag}: {}",
            dev.stderr
        );
    }
}

#[test]
fn status_tells_what_a_frontend_needs() {
    let dir = data_dir();
    let _dev = Dev::start(dir.path());
    let status = status(dir.path());
    assert_eq!(
        status["ANON_KEY"],
        serde_json::json!(oppbase::config::local::anon_key())
    );
    let url = status["API_URL"].as_str().expect("a string");
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let port: u16 = url
        .rsplit(':')
        .next()
        .expect("a port")
        .parse()
        .expect("a port");
    std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the API listens");
}
