//! `oppbase status`: addresses and keys of the running `oppbase dev`, for people and for scripts.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::failure::{Exit, Failure};
use super::state::{self, Values};
use crate::pg::embedded;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// How to print: for people, as shell variables, as JSON.
    #[arg(short, long, value_enum, default_value_t = Format::Pretty)]
    output: Format,
    /// Folder of the running instance.
    #[arg(long, value_name = "DIR", default_value = state::DATA_DIR)]
    data_dir: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Pretty,
    Env,
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let values = state::read(&arguments.data_dir)
        .filter(|_| embedded::is_locked(&arguments.data_dir))
        .ok_or_else(|| {
            Failure::new(
                Exit::NotRunning,
                format!("nothing is running in {}", arguments.data_dir.display()),
            )
            .hint("start it with `oppbase dev`, or name its folder with --data-dir")
        })?;
    super::print(&match arguments.output {
        Format::Pretty => pretty(&values),
        Format::Env => env(&values),
        Format::Json => json(&values),
    });
    Ok(())
}

/// `name: value`, aligned.
pub(super) fn pretty(values: &Values) -> String {
    values.iter().fold(String::new(), |text, (name, value)| {
        let label = name.replace('_', " ").to_lowercase();
        text + &format!("{label:>17}: {value}\n")
    })
}

/// `NAME="value"`: what a shell and every dotenv reader understand.
fn env(values: &Values) -> String {
    values.iter().fold(String::new(), |text, (name, value)| {
        text + &format!("{name}=\"{value}\"\n")
    })
}

fn json(values: &Values) -> String {
    let text = serde_json::to_string_pretty(values).expect("strings are JSON");
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_get_every_name_of_the_supabase_cli() {
        let text = env(&state::values(1, 2, 3));
        for name in [
            "API_URL",
            "DB_URL",
            "ANON_KEY",
            "SERVICE_ROLE_KEY",
            "JWT_SECRET",
            "PUBLISHABLE_KEY",
            "SECRET_KEY",
            "ADMIN_URL",
        ] {
            assert!(
                text.lines()
                    .any(|line| line.starts_with(&format!("{name}=\""))),
                "{name} in {text}"
            );
        }
    }

    #[test]
    fn people_get_aligned_words() {
        let text = pretty(&state::values(54321, 54322, 54325));
        assert!(
            text.starts_with("          api url: http://127.0.0.1:54321\n"),
            "{text}"
        );
        assert!(text.contains("\n service role key: eyJ"), "{text}");
    }
}
