//! A private PostgreSQL cluster: made, started and stopped by this process.
//!
//! In: [`ClusterOptions`] (a folder, a port, how durable). Out: a running [`Cluster`] that stops when
//! it is dropped, and also when this process dies in any other way (see [`process`]).
//! Callers: `oppbase dev`, `oppbase cluster`, and the tests' harness.
//!
//! What a caller may rely on:
//! * PostgreSQL never runs as root. Root hands the data to an unprivileged user ([`run_as`]), in
//!   another folder where that user cannot reach the asked one ([`place`]).
//! * Making a cluster is atomic: `initdb` works in a staging folder that is renamed when it is done.
//! * Nothing is removed that was not made here: what stands in the way is an error ([`initdb`]).
//! * A start cleans up after a crash: a lock of a dead process, an orphan server, a stale
//!   `postmaster.pid` ([`leftover`]).
//!
//! Source: <https://www.postgresql.org/docs/current/app-postgres.html>,
//! <https://www.postgresql.org/docs/current/app-initdb.html>.

mod binaries;
mod error;
mod initdb;
mod leftover;
mod place;
mod process;
mod run_as;

use std::fs::{self, File, TryLockError};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

pub use binaries::{Binaries, MINIMUM_MAJOR};
pub use error::EmbeddedError;

use error::io;
use process::Server;
use run_as::User;

/// Name of the superuser of every private cluster.
pub const SUPERUSER: &str = "postgres";

/// Name of the lock in a folder, and extension of the lock beside a data folder.
const LOCK: &str = "lock";

/// How much a cluster's data is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Survives a power cut; the folder is kept.
    Durable,
    /// Fast, lost in a power cut; the folder is removed when this process ends, however it ends.
    Throwaway,
}

/// What to start.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// Folder for the data, the log and the lock; created when missing.
    pub dir: PathBuf,
    /// TCP port on 127.0.0.1; 0 picks a free one.
    pub port: u16,
    /// Password of [`SUPERUSER`], set when the cluster is made; `None`: no password is asked for.
    pub password: Option<String>,
    /// See [`Durability`].
    pub durability: Durability,
    /// Further server settings, `name`, `value`; they win over ours.
    pub settings: Vec<(String, String)>,
}

/// A running private cluster. Dropping it stops the server.
#[derive(Debug)]
pub struct Cluster {
    server: Server,
    port: u16,
    options: ClusterOptions,
    /// Usually inside the folder; see [`place`].
    data: PathBuf,
    created: bool,
    binaries: Binaries,
    user: Option<User>,
    /// Held as long as the cluster runs; the system releases them when the process dies.
    _locks: [File; 2],
}

impl Cluster {
    /// Makes the cluster if the folder holds none, cleans up after a crash, starts the server and
    /// waits until it accepts connections. Blocks for 0.2 s to a few seconds.
    ///
    /// # Errors
    /// [`EmbeddedError`]: no usable binaries, folder in use or not ours, port in use, or the reason
    /// from the server's log.
    pub fn start(options: ClusterOptions) -> Result<Self, EmbeddedError> {
        fs::create_dir_all(&options.dir).map_err(|e| io("creating", &options.dir, e))?;
        let dir = fs::canonicalize(&options.dir).map_err(|e| io("resolving", &options.dir, e))?;
        let options = ClusterOptions { dir, ..options };
        let lock = take_lock(&options.dir.join(LOCK))?;

        let user = run_as::choose(&options.dir.join(place::DATA))?;
        if options.durability == Durability::Throwaway {
            // So that the watcher, which runs as the server's user, can remove the folder.
            run_as::hand_over(&options.dir, user.as_ref())?;
        }
        let data = place::data_folder(&options.dir, user.as_ref())?;
        // A copied work tree has a folder of its own and a link to the same data.
        let data_lock = take_lock(&data.with_extension(LOCK))?;
        let version = initdb::version_of(&data)?;
        let binaries = Binaries::find(version)?;
        let created = version.is_none();
        if created {
            initdb::create(&data, &binaries, user.as_ref(), &options)?;
        } else {
            leftover::clear(&data)?;
        }

        let (server, port) = start_server(&options, &data, &binaries, user.as_ref())?;
        Ok(Self {
            server,
            port,
            data,
            created,
            binaries,
            user,
            options,
            _locks: [lock, data_lock],
        })
    }

    /// Port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// True when this start made the cluster.
    pub fn is_new(&self) -> bool {
        self.created
    }

    /// PostgreSQL's major version, for example 17.
    pub fn version_major(&self) -> u32 {
        self.binaries.major
    }

    /// Connection URI of the superuser for one database.
    pub fn uri(&self, database: &str) -> String {
        let password = self.options.password.as_deref();
        uri(SUPERUSER, password, self.port, database)
    }

    /// True while the server process lives.
    pub fn is_running(&mut self) -> bool {
        self.server.is_running()
    }

    /// Starts the server of a durable cluster again, on the same port, after it ended by itself.
    /// Blocks as [`Self::start`] does. (The watcher of a throwaway cluster removes the folder when
    /// the server is gone.)
    ///
    /// # Errors
    /// As [`Self::start`]; worth another try after a while, for example when processes of the old
    /// server are still ending.
    pub fn restart(&mut self) -> Result<(), EmbeddedError> {
        debug_assert_eq!(self.options.durability, Durability::Durable);
        self.server.stop();
        leftover::clear(&self.data)?;
        let options = ClusterOptions {
            port: self.port,
            ..self.options.clone()
        };
        (self.server, _) = start_server(&options, &self.data, &self.binaries, self.user.as_ref())?;
        Ok(())
    }

    /// Disconnects every client and stops the server; the folder of a throwaway cluster goes.
    /// Called by `Drop` as well.
    pub fn stop(&mut self) {
        self.server.stop();
        if self.options.durability == Durability::Throwaway {
            // The watcher does the same, as the server's user; whoever comes second finds nothing.
            let _ = fs::remove_dir_all(&self.data);
            let _ = fs::remove_dir_all(&self.options.dir);
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Connection URI on 127.0.0.1.
pub fn uri(user: &str, password: Option<&str>, port: u16, database: &str) -> String {
    match password {
        Some(password) => format!("postgresql://{user}:{password}@127.0.0.1:{port}/{database}"),
        None => format!("postgresql://{user}@127.0.0.1:{port}/{database}"),
    }
}

/// One process per folder. The lock is the system's and dies with its holder.
fn take_lock(path: &Path) -> Result<File, EmbeddedError> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(|e| io("opening", path, e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(EmbeddedError::Locked {
            dir: path.parent().unwrap_or(path).into(),
        }),
        Err(TryLockError::Error(e)) => Err(io("locking", path, e)),
    }
}

/// Whether a live process holds the folder's lock.
pub fn is_locked(dir: &Path) -> bool {
    let path = dir.join(LOCK);
    path.exists() && matches!(take_lock(&path), Err(EmbeddedError::Locked { .. }))
}

fn start_server(
    options: &ClusterOptions,
    data: &Path,
    binaries: &Binaries,
    user: Option<&User>,
) -> Result<(Server, u16), EmbeddedError> {
    /// A picked port may be taken by somebody else before the server binds it.
    const ATTEMPTS: u32 = 5;
    let mut attempt = 1;
    loop {
        let port = match options.port {
            0 => free_port()?,
            port => require_free(port)?,
        };
        match Server::start(options, data, binaries, user, port) {
            Ok(server) => return Ok((server, port)),
            Err(_) if options.port == 0 && attempt < ATTEMPTS => attempt += 1,
            Err(e) => return Err(e),
        }
    }
}

fn free_port() -> Result<u16, EmbeddedError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|source| EmbeddedError::Io {
            doing: "asking for a free port".into(),
            source,
        })
}

fn require_free(port: u16) -> Result<u16, EmbeddedError> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(port),
        Err(_) => Err(EmbeddedError::PortInUse { port }),
    }
}
