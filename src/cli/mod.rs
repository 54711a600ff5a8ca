//! The command line: one file per command.
//!
//! In: arguments. Out: an exit code from the table in [`failure::Exit`]; results go to standard
//! output, everything else to standard error. A failure is one line, and a second one with a hint
//! where there is something to do about it.

mod cluster;
mod connect;
mod db_adopt;
mod db_init;
mod dev;
pub mod failure;
mod gen_types;
mod install;
mod legacy;
mod migrate;
mod postgrest;
mod ready;
mod rename_env;
mod schema;
mod serve;
mod signals;
mod state;
mod status;
mod storage_gc;
mod supabase_folder;
mod supervise;
mod telemetry;
mod version;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use failure::{Exit, Failure};

/// The whole backend of the Atomic CRM: one binary plus PostgreSQL.
#[derive(Debug, Parser)]
#[command(name = "oppbase", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start everything on this machine: a private PostgreSQL, the schema, demo data, the server.
    Dev(dev::Arguments),
    /// Serve a database that you name. Creates nothing.
    Serve(serve::Arguments),
    /// Print addresses and keys of the running `oppbase dev`.
    Status(status::Arguments),
    /// Work on a database that you name.
    #[command(subcommand)]
    Db(Db),
    /// Carry a CRM in use from deals to opportunities.
    Migrate(Box<migrate::Arguments>),
    /// Write code for clients.
    #[command(subcommand)]
    Gen(Gen),
    /// Work on the files of a server.
    #[command(subcommand)]
    Storage(Storage),
    /// See who still uses the old names.
    #[command(subcommand)]
    Legacy(legacy::Command),
    /// Rename `DEAL_*` variables in a file to `OPPORTUNITY_*`.
    RenameEnv(rename_env::Arguments),
    /// Ask a running server whether it is ready; for health checks.
    Ready(ready::Arguments),
    /// Take PostgREST's place: its command line, its configuration, its log.
    Postgrest(postgrest::Arguments),
    /// Run a command beside a throwaway PostgreSQL.
    Cluster(cluster::Arguments),
    /// Print the version.
    Version,
}

#[derive(Debug, Subcommand)]
enum Db {
    /// Create the schema, policies and grants; safe to repeat.
    Init(db_init::Arguments),
    /// Take over an existing Supabase database: add what is missing, and nothing else.
    Adopt(db_adopt::Arguments),
}

#[derive(Debug, Subcommand)]
enum Gen {
    /// Print the types of a database, as `supabase gen types` does.
    Types(gen_types::Arguments),
}

#[derive(Debug, Subcommand)]
enum Storage {
    /// Find files that no row names and rows without a file.
    Gc(storage_gc::Arguments),
}

/// The schema a database starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum BaselineArgument {
    /// The CRM's fork with opportunities.
    #[default]
    Fork,
    /// Atomic CRM as published.
    Upstream,
}

/// Runs the program; the only caller is `main`.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if postgrest::is_meant(arguments.first()) {
        return postgrest::run_as_program(arguments);
    }
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            let is_help = !error.use_stderr();
            return if is_help { Exit::Ok } else { Exit::Usage }.into();
        }
    };
    if let Command::Postgrest(arguments) = &cli.command {
        return postgrest::run(arguments);
    }
    let command = match cli.command {
        Command::Migrate(arguments) => return migrate::run(*arguments),
        command => command,
    };
    match dispatch(command) {
        Ok(()) => Exit::Ok.into(),
        Err(failure) => {
            let mut stderr = std::io::stderr().lock();
            let _ = writeln!(stderr, "{failure}");
            failure.exit.into()
        }
    }
}

fn dispatch(command: Command) -> Result<(), Failure> {
    match command {
        Command::Dev(arguments) => block_on(dev::run(arguments)),
        Command::Serve(arguments) => block_on(serve::run(arguments)),
        Command::Status(arguments) => status::run(&arguments),
        Command::Db(Db::Init(arguments)) => block_on(db_init::run(arguments)),
        Command::Db(Db::Adopt(arguments)) => block_on(db_adopt::run(arguments)),
        Command::Gen(Gen::Types(arguments)) => block_on(gen_types::run(arguments)),
        Command::Storage(Storage::Gc(arguments)) => block_on(storage_gc::run(arguments)),
        Command::Legacy(command) => block_on(legacy::run(command)),
        Command::RenameEnv(arguments) => rename_env::run(&arguments),
        Command::Ready(arguments) => ready::run(&arguments),
        Command::Cluster(arguments) => block_on(cluster::run(arguments)),
        // Answered before, with exit codes of its own.
        Command::Postgrest(_) | Command::Migrate(_) | Command::Version => version::run(),
    }
}

fn block_on(future: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::new(Exit::Other, format!("starting the runtime: {e}")))?
        .block_on(future)
}

/// Writes to standard output; a closed pipe is no failure (`oppbase status | head -1`).
fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
}

/// A line of progress on standard error.
fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_tree_is_consistent() {
        Cli::command().debug_assert();
    }
}
