//! The program as its user meets it: arguments, output, exit codes, signals.

mod adopt;
mod commands;
mod data_folder;
mod dev;
mod existing_project;
mod supabase_folder;
mod trouble;

use std::process::Command;

pub use dev::free_port;

/// What a finished command left.
#[derive(Debug)]
pub struct Finished {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// The program with an environment that holds no options.
pub fn oppbase() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oppbase"));
    without_options(&mut command);
    command
}

/// Removes what the program would read from the environment.
pub fn without_options(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if ["OPPBASE_", "PGRST_", "PG"]
            .iter()
            .any(|p| name.starts_with(p))
        {
            command.env_remove(name);
        }
    }
}

pub fn finish(command: &mut Command) -> Finished {
    let output = command.output().expect("the program runs");
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}
