//! Free space: measured where the server is on this machine, else as the operator states it.
//!
//! In: a session. Out: [`Space`]. "On this machine" is proven by the process that serves the session: it
//! must be a PostgreSQL process here. A forwarded port or a container looks local and is not.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use tokio_postgres::GenericClient;

use crate::migrate::error::Fault;

/// Times the database's size that must be free.
const FACTOR: u64 = 2;

/// Space on the data volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Space {
    pub database_bytes: u64,
    /// Twice that.
    pub needed_bytes: u64,
    pub free_bytes: u64,
    /// `measured` or `stated`.
    pub source: &'static str,
}

impl Space {
    /// Whether there is enough.
    pub fn is_enough(&self) -> bool {
        self.free_bytes >= self.needed_bytes
    }
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} free ({}), {} needed: twice the database's {}",
            bytes(self.free_bytes),
            self.source,
            bytes(self.needed_bytes),
            bytes(self.database_bytes)
        )
    }
}

/// Bytes for people: `1.5 GiB`.
pub fn bytes(count: u64) -> String {
    const UNITS: &[&str] = &["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let (mut unit, mut tenths) = (0, u128::from(count) * 10);
    while tenths >= 10_240 {
        tenths /= 1_024;
        unit += 1;
    }
    if unit == 0 {
        return format!("{count} B");
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// Measures; `stated` wins over a measurement.
///
/// # Errors
/// When the server is elsewhere and nothing is stated.
pub async fn measure(client: &impl GenericClient, stated: Option<u64>) -> Result<Space, Fault> {
    let sql = "select pg_database_size(current_database())";
    let database_bytes = client
        .query_one(sql, &[])
        .await?
        .get::<_, i64>(0)
        .unsigned_abs();
    let (free_bytes, source) = match stated {
        Some(free) => (free, "stated"),
        None => (free_of_server(client).await?, "measured"),
    };
    Ok(Space {
        database_bytes,
        needed_bytes: database_bytes.saturating_mul(FACTOR),
        free_bytes,
        source,
    })
}

async fn free_of_server(client: &impl GenericClient) -> Result<u64, Fault> {
    let unknown = || {
        Fault::environment("the free space of the server cannot be measured from here")
            .hint("say what it has with --free-bytes")
    };
    // Only who may read all settings sees the folder.
    let sql = "select pg_backend_pid(), (select s.setting from pg_catalog.pg_settings s where s.name = 'data_directory')";
    let row = client.query_one(sql, &[]).await?;
    let folder = row
        .get::<_, Option<String>>(1)
        .map(PathBuf::from)
        .ok_or_else(unknown)?;
    let process = format!("/proc/{}/cmdline", row.get::<_, i32>(0));
    let is_here = std::fs::read_to_string(process).is_ok_and(|line| line.starts_with("postgres"));
    if !is_here {
        return Err(unknown());
    }
    free_at(&folder).ok_or_else(unknown)
}

/// Bytes that an unprivileged process may still write at a path.
pub fn free_at(path: &std::path::Path) -> Option<u64> {
    let stats = nix::sys::statvfs::statvfs(path).ok()?;
    #[allow(
        clippy::useless_conversion,
        reason = "the field's width depends on the platform"
    )]
    let free = u64::from(stats.blocks_available()) * u64::from(stats.fragment_size());
    Some(free)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_the_size_is_enough_and_a_byte_less_is_not() {
        let space = |free_bytes| Space {
            database_bytes: 500,
            needed_bytes: 1_000,
            free_bytes,
            source: "stated",
        };
        assert!(space(1_000).is_enough());
        assert!(!space(999).is_enough());
    }

    #[test]
    fn bytes_read_well() {
        assert_eq!(bytes(1_023), "1023 B");
        assert_eq!(bytes(1_536), "1.5 KiB");
        assert_eq!(bytes(u64::MAX), "15.9 EiB");
    }

    #[test]
    fn this_machine_has_space() {
        assert!(free_at(&std::env::temp_dir()).is_some());
        assert_eq!(free_at(std::path::Path::new("/no/such/folder")), None);
    }
}
