//! Sockets: an address is taken first and listened on later, so that a taken port is known before
//! anything else is started, and nobody connects before there is something to answer.
//!
//! In: a host name as PostgREST's options write it and a port, or a path. Out: a bound [`Socket`].
//! Source: <https://docs.postgrest.org/en/stable/references/configuration.html#server-host>,
//! <https://docs.postgrest.org/en/stable/references/configuration.html#server-unix-socket>.

use std::fmt;
use std::fs::Permissions;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use anyhow::Context;
use socket2::{Domain, Protocol, SockAddr, Type};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 2048;

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl Address {
    /// The port; 0 for a Unix socket.
    pub fn port(&self) -> u16 {
        match self {
            Self::Tcp(address) => address.port(),
            Self::Unix(_) => 0,
        }
    }

    /// Whether clients can still find the socket: a Unix socket's file may have been removed.
    pub fn is_reachable(&self) -> bool {
        match self {
            Self::Tcp(_) => true,
            Self::Unix(path) => path.exists(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

/// What to listen on.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// `*`, `*4`, `!4`, `*6`, `!6`, a name or an address.
    pub host: &'a str,
    pub port: u16,
    /// `SO_REUSEPORT`.
    pub reuse_port: bool,
    /// A Unix socket instead of host and port.
    pub unix_socket: Option<&'a str>,
    /// Its file mode.
    pub unix_socket_mode: u32,
}

/// A bound socket that does not accept connections yet.
#[derive(Debug)]
pub struct Socket {
    socket: socket2::Socket,
    /// With the port that was really bound.
    pub address: Address,
}

/// A socket that accepts connections.
#[derive(Debug)]
pub enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Socket {
    /// Takes the address. A file in the place of a Unix socket is removed first.
    ///
    /// # Errors
    /// When none of the host's addresses can be bound, or the path cannot.
    pub fn bind(wanted: &Wanted<'_>) -> anyhow::Result<Self> {
        match wanted.unix_socket {
            Some(path) => bind_unix(Path::new(path), wanted.unix_socket_mode)
                .with_context(|| format!("cannot listen on {path}")),
            None => bind_tcp(wanted)
                .with_context(|| format!("cannot listen on {}:{}", wanted.host, wanted.port)),
        }
    }

    /// Accepts connections from now on.
    ///
    /// # Errors
    /// When the system refuses, for example because another process listens there without sharing.
    pub fn listen(self) -> io::Result<Listener> {
        self.socket.listen(BACKLOG)?;
        self.socket.set_nonblocking(true)?;
        Ok(match self.address {
            Address::Tcp(_) => Listener::Tcp(self.socket.into()),
            Address::Unix(_) => Listener::Unix(self.socket.into()),
        })
    }
}

fn bind_unix(path: &Path, mode: u32) -> io::Result<Socket> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    std::fs::set_permissions(path, Permissions::from_mode(mode))?;
    Ok(Socket {
        socket,
        address: Address::Unix(path.to_owned()),
    })
}

/// Binds the first of the host's addresses that can be bound.
fn bind_tcp(wanted: &Wanted<'_>) -> io::Result<Socket> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses(wanted.host, wanted.port)? {
        match bind_address(address, wanted.reuse_port) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn bind_address(address: SocketAddr, reuse_port: bool) -> io::Result<Socket> {
    let domain = Domain::for_address(address);
    let socket = socket2::Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(reuse_port)?;
    socket.bind(&address.into())?;
    let bound = socket.local_addr()?.as_socket();
    Ok(Socket {
        socket,
        address: Address::Tcp(bound.unwrap_or(address)),
    })
}

/// The addresses of a host, the preferred one first.
fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let any4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    let any6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
    Ok(match host {
        "*" | "*4" => vec![any4, any6],
        "!4" => vec![any4],
        "*6" => vec![any6, any4],
        "!6" => vec![any6],
        host => {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            (host, port).to_socket_addrs()?.collect()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(host: &str) -> Wanted<'_> {
        Wanted {
            host,
            port: 0,
            reuse_port: false,
            unix_socket: None,
            unix_socket_mode: 0o660,
        }
    }

    #[test]
    fn special_hosts_are_any_address_of_a_family() {
        let first = |host| addresses(host, 1).expect("special")[0].to_string();
        assert_eq!(first("*"), "0.0.0.0:1");
        assert_eq!(first("*4"), "0.0.0.0:1");
        assert_eq!(first("!4"), "0.0.0.0:1");
        assert_eq!(first("*6"), "[::]:1");
        assert_eq!(first("!6"), "[::]:1");
        assert_eq!(first("127.0.0.1"), "127.0.0.1:1");
        assert_eq!(first("[::1]"), "[::1]:1");
    }

    #[test]
    fn nobody_connects_before_it_listens() {
        let socket = Socket::bind(&wanted("127.0.0.1")).expect("a free port");
        let Address::Tcp(address) = socket.address else {
            panic!("no TCP");
        };
        assert!(std::net::TcpStream::connect(address).is_err());
        let _listener = socket.listen().expect("ours");
        assert!(std::net::TcpStream::connect(address).is_ok());
    }

    #[test]
    fn a_port_is_shared_only_by_those_who_both_say_so() {
        let mut shared = wanted("127.0.0.1");
        shared.reuse_port = true;
        let first = Socket::bind(&shared).expect("a free port");
        shared.port = first.address.port();
        let _first = first.listen().expect("ours");
        let second = Socket::bind(&shared).expect("shared");
        assert!(second.listen().is_ok());
        shared.reuse_port = false;
        let third = Socket::bind(&shared).map(Socket::listen);
        assert!(!matches!(third, Ok(Ok(_))), "the port is taken");
    }

    #[test]
    fn a_unix_socket_has_its_mode_and_replaces_a_leftover() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("s").display().to_string();
        std::fs::write(&path, "").expect("a leftover");
        let mut wanted = wanted("*");
        wanted.unix_socket = Some(&path);
        wanted.unix_socket_mode = 0o640;
        let socket = Socket::bind(&wanted).expect("replaced");
        let mode = std::fs::metadata(&path)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o640);
        assert!(socket.address.is_reachable());
        std::fs::remove_file(&path).expect("removed");
        assert!(!socket.address.is_reachable());
    }
}
