//! `oppbase dev` when something goes wrong meanwhile: its database dies, its user loses patience.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use oppbase::config::local;

use super::dev::{Dev, data_dir, db_url, free_port, sql, status, wait_until_closed};
use super::{finish, oppbase};

/// Asks the API, as the service role; waits for the answer. Its status and its body.
fn get(api_url: &str, path: &str) -> (u16, String) {
    let address = api_url.strip_prefix("http://").expect("plain HTTP");
    let mut stream = TcpStream::connect(address).expect("the API listens");
    let patience = Some(Duration::from_secs(90));
    stream.set_read_timeout(patience).expect("a time");
    let key = local::service_role_key();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\napikey: {key}\r\n\
         Authorization: Bearer {key}\r\n\r\n"
    )
    .expect("sent");
    let mut answer = String::new();
    // A server that ends at once cuts the answer off.
    let _ = stream.read_to_string(&mut answer);
    let code = answer.get(9..12).and_then(|code| code.parse().ok());
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body);
    (
        code.unwrap_or_default(),
        body.unwrap_or_default().to_owned(),
    )
}

fn api_url(data_dir: &Path) -> String {
    let status = status(data_dir);
    status["API_URL"].as_str().expect("a string").to_owned()
}

/// Waits until the API answers with this status.
fn wait_for(api_url: &str, code: u16) {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let (found, body) = get(api_url, "/rest/v1/tags?select=id");
        if found == code {
            return;
        }
        assert!(Instant::now() < end, "still {found}: {body}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_killed_postgresql_is_started_again_and_clients_get_503_meanwhile() {
    let dir = data_dir();
    let dev = Dev::start(dir.path());
    let (api, uri) = (api_url(dir.path()), db_url(dir.path()));
    sql(&uri, "create table kept (id int)");
    for _ in 0..2 {
        let pid_file = dir.path().join("postgres/postmaster.pid");
        let text = fs::read_to_string(pid_file).expect("the pid file");
        let pid = text.lines().next().expect("a line").parse().expect("a pid");
        kill(Pid::from_raw(pid), Signal::SIGKILL).expect("killed");
        wait_for(&api, 503);
        wait_for(&api, 200);
        sql(&uri, "table kept");
    }
    dev.signal(Signal::SIGINT);
    assert_eq!(dev.wait(), Some(0));
    wait_until_closed(&uri);
}

#[test]
fn a_second_ctrl_c_does_not_wait_for_requests() {
    let dir = data_dir();
    let dev = Dev::start(dir.path());
    let (api, uri) = (api_url(dir.path()), db_url(dir.path()));
    let locking = uri.clone();
    let lock = "begin; lock public.tags in access exclusive mode; select pg_sleep(60)";
    // Both end with their server.
    thread::spawn(move || sql(&locking, lock));
    let asked = Instant::now();
    let request = thread::spawn(move || while get(&api, "/rest/v1/tags").0 == 200 {});
    thread::sleep(Duration::from_secs(2));
    assert!(!request.is_finished(), "a request waits for the lock");

    dev.signal(Signal::SIGINT);
    thread::sleep(Duration::from_secs(1));
    let second = Instant::now();
    dev.signal(Signal::SIGINT);
    assert_eq!(dev.wait(), Some(1), "after {:?}", asked.elapsed());
    assert!(second.elapsed() < Duration::from_secs(2));
    wait_until_closed(&uri);
}

#[test]
fn a_picked_port_is_in_the_issuer() {
    let dir = data_dir();
    let _dev = Dev::start(dir.path());
    let api = api_url(dir.path());
    let (code, body) = get(&api, "/auth/v1/.well-known/openid-configuration");
    assert_eq!(code, 200, "{body}");
    let document: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(document["issuer"], format!("{api}/auth/v1"));
}

#[test]
fn listeners_that_share_a_port_are_refused_before_anything_starts() {
    let flags = ["--port", "--db-port", "--admin-port"];
    for pair in [[0, 1], [0, 2], [1, 2]] {
        let dir = data_dir();
        let shared = free_port().to_string();
        let mut command = oppbase();
        command.arg("dev").arg("--data-dir").arg(dir.path());
        for (position, flag) in flags.iter().enumerate() {
            let own = free_port().to_string();
            let port = if pair.contains(&position) {
                &shared
            } else {
                &own
            };
            command.args([*flag, port]);
        }
        let dev = finish(&mut command);
        assert_eq!(dev.code, Some(3), "{}", dev.stderr);
        let [first, second] = pair.map(|position| flags[position]);
        let expected = format!("error: {first} and {second} are both {shared}\n");
        assert!(dev.stderr.starts_with(&expected), "{}", dev.stderr);
        let left = fs::read_dir(dir.path()).expect("a folder").count();
        assert_eq!(left, 0, "nothing was made");
    }
}
