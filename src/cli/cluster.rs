//! `oppbase cluster -- COMMAND`: runs a command beside a throwaway PostgreSQL and ends with its
//! status. libpq's variables point the command at the server. For test runs by hand and by scripts.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Stdio;

use clap::Args;
use tokio::process::Command;

use super::dev::start_cluster;
use super::failure::{Exit, Failure};
use super::signals;
use crate::pg::embedded::{ClusterOptions, Durability, SUPERUSER};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Server setting, for example `max_connections=50`; repeatable.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,
    /// The command and its arguments.
    #[arg(required = true, last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let shutdown = signals::shutdown()?;
    let io = |doing: &str, e: std::io::Error| Failure::new(Exit::Other, format!("{doing}: {e}"));
    let folder = new_folder().map_err(|e| io("creating a temporary folder", e))?;
    let mut cluster = start_cluster(ClusterOptions {
        dir: folder,
        port: 0,
        password: None,
        durability: Durability::Throwaway,
        settings: arguments.settings,
    })
    .await?;

    let mut words = arguments.command.into_iter();
    let program = words.next().unwrap_or_default();
    let mut child = Command::new(&program)
        .args(words)
        .env("PGHOST", "127.0.0.1")
        .env("PGPORT", cluster.port().to_string())
        .env("PGUSER", SUPERUSER)
        .env("PGDATABASE", "postgres")
        .stdin(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| io(&format!("starting {program}"), e))?;
    let status = tokio::select! {
        status = child.wait() => status.map_err(|e| io("waiting for the command", e))?,
        () = shutdown => {
            let _ = child.kill().await;
            cluster.stop();
            return Err(Failure::new(Exit::Other, "interrupted"));
        }
    };
    cluster.stop();
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(Exit::Other, format!("{program}: {status}")))
}

/// A folder that nobody had before: it is removed with everything in it.
fn new_folder() -> std::io::Result<PathBuf> {
    let mut number = 0;
    loop {
        let name = format!("oppbase-cluster-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        match std::fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(e) => return Err(e),
        }
    }
}

fn setting(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "expected NAME=VALUE".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_another_run_is_not_taken() {
        let first = new_folder().expect("a folder");
        let second = new_folder().expect("another folder");
        assert_ne!(first, second);
        for folder in [first, second] {
            std::fs::remove_dir(folder).expect("empty");
        }
    }
}
