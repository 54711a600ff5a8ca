//! `oppbase cluster -- COMMAND`: runs a command beside a throwaway PostgreSQL and ends with its
//! status. libpq's variables point the command at the server. For test runs by hand and by scripts.

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
    let folder = std::env::temp_dir().join(format!("oppbase-cluster-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|e| io("creating a temporary folder", e))?;
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

fn setting(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "expected NAME=VALUE".into())
}
