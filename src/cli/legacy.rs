//! `oppbase legacy`: who still calls under the old names.

use std::fmt::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::connect::connect;
use super::failure::{Exit, Failure};
use super::state;
use crate::config::load;
use crate::pg::embedded;
use crate::rest::legacy::store::{self, Row};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show who called under an old name: caller, program, endpoint, how often, since when, last.
    Usage(Arguments),
}

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Configuration file; the environment wins.
    #[arg(value_name = "FILE", conflicts_with = "data_dir")]
    config: Option<PathBuf>,
    /// Folder of a running `oppbase dev`, instead of a configuration.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print a JSON array instead of a table.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(command: Command) -> Result<(), Failure> {
    let Command::Usage(arguments) = command;
    let client = connect(&uri(&arguments)?).await?;
    if !store::has_usage(&client).await? {
        return Err(Failure::new(
            Exit::SchemaMissing,
            "the database keeps no usage of old names",
        )
        .hint("it has not been migrated, or its schema is older: run `oppbase db init`"));
    }
    let rows = store::report(&client).await?;
    super::print(&if arguments.json {
        let text = serde_json::to_string_pretty(&rows).expect("texts and numbers are JSON");
        text + "\n"
    } else {
        table(&rows)
    });
    Ok(())
}

/// Address of the database, as its owner.
fn uri(arguments: &Arguments) -> Result<String, Failure> {
    if let Some(dir) = &arguments.data_dir {
        return state::read(dir)
            .filter(|_| embedded::is_locked(dir))
            .and_then(|values| values.get("DB_URL").cloned())
            .ok_or_else(|| {
                Failure::new(
                    Exit::NotRunning,
                    format!("nothing is running in {}", dir.display()),
                )
            });
    }
    let config = load::load(arguments.config.as_deref(), load::process_environment())?;
    Ok(config.database.admin_uri.unwrap_or(config.database.uri))
}

fn table(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "nobody called under an old name\n".into();
    }
    let head = [
        "CONSUMER",
        "USER AGENT",
        "ENDPOINT",
        "CALLS",
        "FIRST SEEN",
        "LAST SEEN",
    ];
    let mut lines: Vec<[String; 6]> = vec![head.map(str::to_owned)];
    lines.extend(rows.iter().map(|row| {
        let moment =
            |at: &chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M:%S").to_string();
        [
            row.consumer.clone(),
            row.user_agent.chars().take(40).collect(),
            row.endpoint.clone(),
            row.calls.to_string(),
            moment(&row.first_seen),
            moment(&row.last_seen),
        ]
    }));
    let width = |column: usize| {
        let widths = lines.iter().map(|line| line[column].chars().count());
        widths.max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths);
        let padded: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        let _ = writeln!(text, "{}", padded.join("  ").trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_aligned_and_says_when_there_is_nothing() {
        assert_eq!(table(&[]), "nobody called under an old name\n");
        let at = chrono::DateTime::from_timestamp(0, 0).expect("a moment");
        let row = Row {
            consumer: "user:1".into(),
            user_agent: "curl/8".into(),
            endpoint: "GET /deals".into(),
            calls: 12,
            first_seen: at,
            last_seen: at,
        };
        let text = table(&[row]);
        let lines: Vec<_> = text.lines().collect();
        let at = |line: &str, word: &str| line.find(word);
        assert_eq!(at(lines[0], "ENDPOINT"), at(lines[1], "GET /deals"));
        assert!(lines[1].contains("12") && lines[1].ends_with("1970-01-01 00:00:00"));
    }
}
