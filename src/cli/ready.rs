//! `oppbase ready`: asks the admin server of a running instance whether it can answer requests. The
//! health check of containers, which need no other program for it.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::failure::{Exit, Failure};
use crate::config::{Config, load};

const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Configuration file of the instance; the environment wins.
    #[arg(value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = load::load(arguments.config.as_deref(), load::process_environment())?;
    let address = admin_address(&config).ok_or_else(|| {
        Failure::new(Exit::Configuration, "option admin-server-port is missing")
            .hint("set OPPBASE_ADMIN_SERVER_PORT for the server and for this command")
    })?;
    match ask(&address) {
        Ok(200..=299) => Ok(()),
        Ok(status) => Err(not_ready(&format!("{address} answers {status}"))),
        Err(e) => Err(not_ready(&format!("{address} does not answer: {e}"))),
    }
}

fn not_ready(message: &str) -> Failure {
    Failure::new(Exit::NotRunning, message)
}

/// Where the admin server listens, seen from this machine.
fn admin_address(config: &Config) -> Option<String> {
    let port = config.server.admin_port?;
    let host = config.server.admin_host.as_ref();
    let host = match host.unwrap_or(&config.server.host).as_str() {
        "*" | "*4" | "!4" | "0.0.0.0" => "127.0.0.1",
        "*6" | "!6" | "::" | "[::]" => "::1",
        host => host,
    };
    Some(match host.contains(':') && !host.starts_with('[') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    })
}

/// The status of `GET /ready`.
pub(super) fn ask(address: &str) -> std::io::Result<u16> {
    let target = address
        .to_socket_addrs()?
        .next()
        .ok_or(std::io::ErrorKind::AddrNotAvailable)?;
    let mut stream = TcpStream::connect_timeout(&target, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET /ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut head = [0; 12];
    stream.read_exact(&mut head)?;
    status_of(&head).ok_or_else(|| std::io::ErrorKind::InvalidData.into())
}

/// `HTTP/1.1 200` -> 200
fn status_of(head: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(head).ok()?;
    text.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_address_is_asked_on_loopback() {
        let mut config = Config::default();
        assert_eq!(admin_address(&config), None);
        config.server.admin_port = Some(3001);
        for (host, expected) in [
            ("0.0.0.0", "127.0.0.1:3001"),
            ("!6", "[::1]:3001"),
            ("localhost", "localhost:3001"),
        ] {
            config.server.host = host.into();
            assert_eq!(admin_address(&config).as_deref(), Some(expected));
        }
        config.server.admin_host = Some("10.0.0.1".into());
        assert_eq!(admin_address(&config).as_deref(), Some("10.0.0.1:3001"));
    }

    #[test]
    fn the_status_is_read_from_the_first_line() {
        assert_eq!(status_of(b"HTTP/1.1 200"), Some(200));
        assert_eq!(status_of(b"HTTP/1.1 503"), Some(503));
        assert_eq!(status_of(b"SSH-2.0-Open"), None);
    }
}
