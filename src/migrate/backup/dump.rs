//! `pg_dump` and `pg_restore`: found, checked against the server, run. No password on a command line.
//!
//! In: a connection string and a snapshot. Out: a dump in the custom format with its digest. Connection
//! settings travel in libpq's environment variables, which other users of the machine cannot read.
//! Source: <https://www.postgresql.org/docs/current/app-pgdump.html>.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::process::{Child, Command};
use tokio_postgres::config::Host;

use crate::migrate::error::{Fault, one_line};
use crate::pg::conn_string::{ConnString, SslMode};
use crate::pg::embedded::Binaries;
use crate::pg::ident::quote_ident;

/// A finished dump.
#[derive(Debug, Clone, Serialize)]
pub struct Dump {
    pub path: PathBuf,
    pub bytes: u64,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Entries of its table of contents.
    pub entries: usize,
}

/// The programs, and how they reach the database.
#[derive(Debug, Clone)]
pub struct Tool {
    pg_dump: PathBuf,
    conn: ConnString,
}

/// A dump under way.
#[derive(Debug)]
pub struct Dumping {
    child: Child,
    path: PathBuf,
}

impl Tool {
    /// The program that was named, else the first that is not older than the server.
    ///
    /// # Errors
    /// Exit code 3 when there is none.
    pub async fn find(named: Option<&Path>, server: u32, url: &str) -> Result<Self, Fault> {
        let conn = ConnString::parse(url, |name| std::env::var(name).ok())
            .map_err(|e| Fault::environment(e.to_string()))?;
        let wanted = server / 10_000;
        let mut seen = Vec::new();
        for path in candidates(named) {
            match major(&path).await {
                Some(major) if major >= wanted => {
                    return Ok(Self {
                        pg_dump: path,
                        conn,
                    });
                }
                Some(major) => seen.push(format!("{} is version {major}", path.display())),
                None => {}
            }
        }
        let message = if seen.is_empty() {
            "pg_dump was not found".to_owned()
        } else {
            format!(
                "pg_dump is older than the server ({wanted}): {}",
                seen.join(", ")
            )
        };
        Err(Fault::environment(message).hint(format!(
            "install the PostgreSQL {wanted} client programs or name pg_dump with --pg-dump; to go without a dump: --no-dump REASON"
        )))
    }

    /// Starts a dump of the database as the snapshot shows it, without these schemas. Schemas are left out
    /// rather than named, because a dump of named ones has no extensions and makes schema public anew.
    ///
    /// # Errors
    /// Exit code 3 when the program does not start.
    pub fn start(
        &self,
        path: PathBuf,
        snapshot: &str,
        left_out: &[String],
    ) -> Result<Dumping, Fault> {
        let mut command = self.command(&self.pg_dump);
        command
            .args([
                "--format=custom",
                "--no-password",
                "--lock-wait-timeout=30s",
                "--no-subscriptions",
            ])
            .arg(format!("--snapshot={snapshot}"))
            .arg("--file")
            .arg(partial(&path));
        for schema in left_out {
            // A pattern: quoted, it is this name and no other.
            command.arg(format!("--exclude-schema={}", quote_ident(schema)));
        }
        let child = command
            .spawn()
            .map_err(|e| not_started(&self.pg_dump, &e))?;
        Ok(Dumping { child, path })
    }

    /// Waits for the dump, reads its table of contents, takes its digest.
    ///
    /// # Errors
    /// Exit code 1 when the dump failed or cannot be read.
    pub async fn finish(&self, dumping: Dumping) -> Result<Dump, Fault> {
        let Dumping { child, path } = dumping;
        let output = child.wait_with_output().await;
        require("pg_dump", output)?;
        let partial = partial(&path);
        let entries = self.contents(&partial).await?.len();
        if entries == 0 {
            return Err(Fault::failed("the dump is empty"));
        }
        let (bytes, sha256) = {
            let partial = partial.clone();
            tokio::task::spawn_blocking(move || digest(&partial))
                .await
                .map_err(|e| Fault::failed(format!("reading the dump: {e}")))?
                .map_err(|e| Fault::failed(format!("reading the dump: {e}")))?
        };
        std::fs::rename(&partial, &path)
            .map_err(|e| Fault::environment(format!("{}: {e}", path.display())))?;
        Ok(Dump {
            path,
            bytes,
            sha256,
            entries,
        })
    }

    /// The entries of a dump's table of contents, as `pg_restore --list` prints them.
    ///
    /// # Errors
    /// Exit code 1 when it cannot be read.
    pub async fn contents(&self, dump: &Path) -> Result<Vec<String>, Fault> {
        let output = self
            .command(&self.pg_restore())
            .arg("--list")
            .arg(dump)
            .output()
            .await;
        let text = require("pg_restore --list", output)?;
        Ok(text
            .lines()
            .filter(|line| !line.starts_with(';') && !line.is_empty())
            .map(Into::into)
            .collect())
    }

    /// Writes the dump as SQL text beside it.
    ///
    /// # Errors
    /// Exit code 1 when it fails.
    pub async fn write_plain(&self, dump: &Path) -> Result<(), Fault> {
        let output = self
            .command(&self.pg_restore())
            .arg("--file")
            .arg(dump.with_extension("sql"))
            .arg(dump)
            .output()
            .await;
        require("pg_restore", output).map(|_| ())
    }

    /// Restores a dump into another, empty database of the server, as the operator is told to
    /// ([`super::HOW_TO_RESTORE`]); the statements that were refused, as `pg_restore` reports them.
    ///
    /// # Errors
    /// Exit code 3 when the program does not start.
    pub async fn restore(&self, dump: &Path, database: &str) -> Result<Vec<String>, Fault> {
        let program = self.pg_restore();
        let output = self
            .command(&program)
            .env("PGDATABASE", database)
            .args(["--dbname", database])
            .arg(dump)
            .output()
            .await
            .map_err(|e| not_started(&program, &e))?;
        let errors = String::from_utf8_lossy(&output.stderr);
        let refused: Vec<String> = errors
            .lines()
            .filter(|line| line.contains("error:"))
            .map(Into::into)
            .collect();
        if !output.status.success() && refused.is_empty() {
            return Err(Fault::failed(format!(
                "pg_restore failed ({}): {}",
                output.status,
                one_line(&errors)
            )));
        }
        Ok(refused)
    }

    /// Copies the whole database into an empty one; says how many statements were refused.
    ///
    /// # Errors
    /// Exit code 1 when the dump fails, 3 when the folder cannot be written.
    pub async fn copy_database(&self, folder: &Path, database: &str) -> Result<usize, Fault> {
        let fault = |e: std::io::Error| Fault::environment(format!("{}: {e}", folder.display()));
        std::fs::create_dir_all(folder).map_err(fault)?;
        let dump = folder.join(format!("{database}.dump"));
        let outcome = async {
            let mut command = self.command(&self.pg_dump);
            command
                .args(["--format=custom", "--no-password", "--file"])
                .arg(&dump);
            require("pg_dump", command.output().await)?;
            Ok(self.restore(&dump, database).await?.len())
        }
        .await;
        let _ = std::fs::remove_file(&dump);
        outcome
    }

    /// The database's own connection string with another database.
    pub(super) fn config_for(&self, database: &str) -> (tokio_postgres::Config, &ConnString) {
        let mut config = self.conn.config().clone();
        config.dbname(database);
        (config, &self.conn)
    }

    fn pg_restore(&self) -> PathBuf {
        self.pg_dump.with_file_name("pg_restore")
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .envs(environment(&self.conn))
            .env_remove("PGSERVICE")
            .env_remove("PGOPTIONS")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }
}

/// Where a dump is until it is complete.
pub fn partial(path: &Path) -> PathBuf {
    path.with_extension("dump.partial")
}

/// Connection settings as libpq's variables.
fn environment(conn: &ConnString) -> Vec<(&'static str, String)> {
    let config = conn.config();
    let mut list = vec![("PGAPPNAME", "oppbase-backup".to_owned())];
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        })
        .collect();
    let ports: Vec<String> = config.get_ports().iter().map(ToString::to_string).collect();
    let password = config
        .get_password()
        .map(|p| String::from_utf8_lossy(p).into_owned());
    let ssl_mode = match conn.ssl_mode() {
        SslMode::Disable => "disable",
        SslMode::Prefer => "prefer",
        SslMode::Require => "require",
        SslMode::VerifyCa => "verify-ca",
        SslMode::VerifyFull => "verify-full",
    };
    let optional = [
        ("PGHOST", (!hosts.is_empty()).then(|| hosts.join(","))),
        ("PGPORT", (!ports.is_empty()).then(|| ports.join(","))),
        ("PGUSER", config.get_user().map(Into::into)),
        ("PGDATABASE", config.get_dbname().map(Into::into)),
        ("PGPASSWORD", password),
        ("PGSSLMODE", Some(ssl_mode.into())),
        (
            "PGSSLROOTCERT",
            conn.ssl_root_cert().map(|path| path.display().to_string()),
        ),
    ];
    list.extend(
        optional
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    list
}

/// Where to look: the named program alone, else the search path, then the server's own programs.
fn candidates(named: Option<&Path>) -> Vec<PathBuf> {
    if let Some(path) = named {
        return vec![path.to_owned()];
    }
    let mut list: Vec<PathBuf> = std::env::var_os("PATH")
        .map(|path| {
            std::env::split_paths(&path)
                .map(|dir| dir.join("pg_dump"))
                .collect()
        })
        .unwrap_or_default();
    list.extend(Binaries::find(None).map(|found| found.program("pg_dump")));
    list.retain(|path| path.is_file());
    list
}

async fn major(program: &Path) -> Option<u32> {
    let output = Command::new(program).arg("--version").output().await.ok()?;
    major_of(&String::from_utf8_lossy(&output.stdout))
}

/// `pg_dump (PostgreSQL) 15.18 (Debian …)` → 15.
fn major_of(line: &str) -> Option<u32> {
    let number = line.split("(PostgreSQL) ").nth(1)?;
    number
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

fn digest(path: &Path) -> std::io::Result<(u64, String)> {
    let mut file = std::fs::File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        bytes += read as u64;
    }
    let text = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    // The digest is of what is on the disk, not of what is on its way there.
    file.sync_all()?;
    Ok((bytes, text))
}

fn require(name: &str, output: std::io::Result<Output>) -> Result<String, Fault> {
    let output = output.map_err(|e| not_started(Path::new(name), &e))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = one_line(&String::from_utf8_lossy(&output.stderr));
    Err(Fault::failed(format!(
        "{name} failed ({}): {errors}",
        output.status
    )))
}

fn not_started(program: &Path, error: &std::io::Error) -> Fault {
    Fault::environment(format!("{} does not start: {error}", program.display()))
        .hint("name another one with --pg-dump, or go without a dump: --no-dump REASON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(
            major_of("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(major_of("pg_dump (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major_of("something else"), None);
    }

    #[test]
    fn settings_travel_in_the_environment() {
        let conn = ConnString::parse(
            "postgresql://ada:s%20cret@db.example:6543/crm?sslmode=require",
            |_| None,
        )
        .expect("a connection string");
        let list = environment(&conn);
        for pair in [
            ("PGHOST", "db.example"),
            ("PGPORT", "6543"),
            ("PGUSER", "ada"),
            ("PGDATABASE", "crm"),
            ("PGPASSWORD", "s cret"),
            ("PGSSLMODE", "require"),
        ] {
            assert!(list.contains(&(pair.0, pair.1.to_owned())), "{}", pair.0);
        }
    }

    #[tokio::test]
    async fn a_missing_and_an_old_program_are_refused() {
        let url = "postgresql://localhost/x";
        let missing = Tool::find(Some(Path::new("/no/such/pg_dump")), 150_000, url).await;
        let fault = missing.expect_err("refused");
        assert_eq!(fault.outcome.code(), 3);
        assert!(fault.hint.is_some_and(|hint| hint.contains("--no-dump")));
        let old = Tool::find(None, 990_000, url).await.expect_err("refused");
        assert_eq!(old.outcome.code(), 3);
    }
}
