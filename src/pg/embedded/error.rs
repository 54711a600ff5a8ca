//! Why a private cluster could not be had: one line for a person, and what to do about it.

use std::path::{Path, PathBuf};

use super::binaries::MINIMUM_MAJOR;

/// Failure of [`super::Cluster::start`].
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No installation, or only too old ones.
    #[error("PostgreSQL {MINIMUM_MAJOR} or newer was not found{}", list(.seen))]
    NoBinaries {
        /// Versions that were found and are too old.
        seen: Vec<u32>,
    },
    /// The data was written by another major version.
    #[error("the data was written by PostgreSQL {wanted}, which is not installed")]
    OtherVersion {
        /// Major version of the data.
        wanted: u32,
    },
    /// Another process holds the folder.
    #[error("another oppbase process uses {}", .dir.display())]
    Locked {
        /// The folder.
        dir: PathBuf,
    },
    /// Root without anybody to hand the data to.
    #[error("PostgreSQL refuses to run as root, and neither user `postgres` nor `nobody` exists")]
    NoUser,
    /// The folder belongs to somebody else.
    #[error("{} belongs to another user", .dir.display())]
    NotOurs {
        /// The folder.
        dir: PathBuf,
    },
    /// Something that is no cluster, and that nobody asked us to remove, stands where the data goes.
    #[error("{} holds something that is no PostgreSQL data", .path.display())]
    Foreign {
        /// Where the data, or the folder that it is made in, should be.
        path: PathBuf,
    },
    /// There is a cluster, or was one: its version cannot be read.
    #[error("{} holds no version number: the data is damaged", .file.display())]
    Damaged {
        /// Its file `PG_VERSION`.
        file: PathBuf,
    },
    /// A link to data that is not there now, made by somebody else.
    #[error("{} is a link to {}, which is not there", .link.display(), .target.display())]
    Unreachable {
        /// The link.
        link: PathBuf,
        /// Where it points.
        target: PathBuf,
    },
    /// The asked port is taken.
    #[error("port {port} is in use")]
    PortInUse {
        /// The port.
        port: u16,
    },
    /// An earlier server would not end.
    #[error("a PostgreSQL process ({pid}) of an earlier run does not stop")]
    Orphan {
        /// Its process id.
        pid: i32,
    },
    /// `initdb` failed.
    #[error("initdb failed: {reason}")]
    InitDb {
        /// Its last line.
        reason: String,
    },
    /// The server ended or did not answer.
    #[error("PostgreSQL did not start: {reason} (log: {})", .log.display())]
    NotStarted {
        /// The last error line of its log.
        reason: String,
        /// The whole log.
        log: PathBuf,
    },
    /// The system refused something.
    #[error("{doing}: {source}")]
    Io {
        /// What was tried.
        doing: String,
        /// The system's answer.
        source: std::io::Error,
    },
}

impl EmbeddedError {
    /// What the reader can do, one sentence.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoBinaries { seen } if seen.is_empty() => {
                "install it, for example with `apt-get install postgresql`".into()
            }
            Self::NoBinaries { .. } => format!(
                "install PostgreSQL {MINIMUM_MAJOR} or newer; Debian and Ubuntu packages of every \
                 version are at https://wiki.postgresql.org/wiki/Apt"
            ),
            Self::OtherVersion { wanted } => {
                format!("install PostgreSQL {wanted}, or choose another folder with --data-dir")
            }
            Self::Locked { .. } => "stop it, or choose another folder with --data-dir".into(),
            Self::NoUser => "create a user for it: `useradd --system postgres`".into(),
            Self::NotOurs { .. } => {
                "run as that user, or choose another folder with --data-dir".into()
            }
            Self::Foreign { .. } => {
                "nothing was changed; move it away, or choose another folder with --data-dir".into()
            }
            Self::Damaged { .. } => {
                "nothing was changed; write PostgreSQL's major version (such as \
                 17) into that file, or choose another folder with --data-dir"
                    .into()
            }
            Self::Unreachable { .. } => {
                "mount what it points to, remove the link, or choose another folder with --data-dir"
                    .into()
            }
            Self::PortInUse { .. } => "stop what listens there, or choose another port".into(),
            Self::Orphan { pid } => format!("end it with `kill -QUIT {pid}`"),
            Self::InitDb { .. } | Self::NotStarted { .. } | Self::Io { .. } => return None,
        };
        Some(hint)
    }
}

fn list(versions: &[u32]) -> String {
    if versions.is_empty() {
        return String::new();
    }
    let names: Vec<_> = versions.iter().map(u32::to_string).collect();
    format!(" (found: {})", names.join(", "))
}

/// An [`EmbeddedError::Io`] about a path.
pub(super) fn io(doing: &str, path: &Path, source: std::io::Error) -> EmbeddedError {
    EmbeddedError::Io {
        doing: format!("{doing} {}", path.display()),
        source,
    }
}
