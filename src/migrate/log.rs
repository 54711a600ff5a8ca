//! The log of a command: one JSON object per line in a file, a readable line on standard error.
//!
//! In: level, message, fields. Out: `{timestamp, level, message, run, phase, step, …}`. The file is for
//! people and their tools; nothing is ever read back from it. A line is written with one call, so a killed
//! process leaves whole lines or, at worst, one cut one at the end.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::error::Fault;

/// A log; clones write to the same file.
#[derive(Debug, Clone)]
pub struct Log {
    shared: Arc<Shared>,
    run: Option<Uuid>,
    phase: Option<String>,
    step: Option<String>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    file: Mutex<File>,
    quiet: bool,
}

impl Log {
    /// Opens the file for appending and makes its folder. `quiet` keeps the readable lines away.
    ///
    /// # Errors
    /// When folder or file cannot be made: exit code 3.
    pub fn open(path: &Path, quiet: bool) -> Result<Self, Fault> {
        let refuse = |error: std::io::Error| {
            Fault::environment(format!(
                "the log {} cannot be written: {error}",
                path.display()
            ))
            .hint("choose another file with --log-file")
        };
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(refuse)?;
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(refuse)?;
        Ok(Self {
            shared: Arc::new(Shared {
                path: path.to_owned(),
                file: Mutex::new(file),
                quiet,
            }),
            run: None,
            phase: None,
            step: None,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// The same log for one run.
    #[must_use]
    pub fn of_run(&self, run: Uuid) -> Self {
        Self {
            run: Some(run),
            ..self.clone()
        }
    }

    /// The same log for one step of a phase.
    #[must_use]
    pub fn of_step(&self, phase: &str, step: &str) -> Self {
        Self {
            phase: Some(phase.to_owned()),
            step: Some(step.to_owned()),
            ..self.clone()
        }
    }

    /// What happens as expected.
    pub fn info(&self, message: &str) {
        self.write("info", message, &json!({}));
    }

    /// The same with fields of its own.
    pub fn info_with(&self, message: &str, fields: &Value) {
        self.write("info", message, fields);
    }

    /// What somebody should look at.
    pub fn warn(&self, message: &str) {
        self.write("warn", message, &json!({}));
    }

    /// What failed.
    pub fn error(&self, message: &str) {
        self.write("error", message, &json!({}));
    }

    /// Into the file alone: progress inside a step.
    pub fn trace(&self, message: &str, fields: &Value) {
        self.to_file("debug", message, fields);
    }

    fn write(&self, level: &str, message: &str, fields: &Value) {
        self.to_file(level, message, fields);
        if self.shared.quiet {
            return;
        }
        let place = match (&self.phase, &self.step) {
            (Some(phase), Some(step)) => format!("[{phase} {step}] "),
            _ => String::new(),
        };
        let mark = match level {
            "warn" => "warning: ",
            "error" => "error: ",
            _ => "",
        };
        // A closed terminal does not stop a migration.
        let _ = writeln!(std::io::stderr().lock(), "{place}{mark}{message}");
    }

    fn to_file(&self, level: &str, message: &str, fields: &Value) {
        let mut line = Map::new();
        line.insert(
            "timestamp".into(),
            chrono::Utc::now()
                .to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
                .into(),
        );
        line.insert("level".into(), level.into());
        line.insert("message".into(), message.into());
        line.insert("run".into(), self.run.map(|run| run.to_string()).into());
        line.insert("phase".into(), self.phase.clone().into());
        line.insert("step".into(), self.step.clone().into());
        if let Value::Object(fields) = fields {
            line.extend(fields.clone());
        }
        let mut text = Value::Object(line).to_string();
        text.push('\n');
        let mut file = self
            .shared
            .file
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // A full disk does not stop a migration either: its state is in the database.
        let _ = file.write_all(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_one_object() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/migration.log");
        let log = Log::open(&path, true).expect("a log");
        let run = Uuid::nil();
        log.of_run(run)
            .of_step("1.1", "deals")
            .info_with("two\nlines", &json!({"rows": 3}));
        log.error("bad");
        let text = std::fs::read_to_string(&path).expect("the file");
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["step"], "deals");
        assert_eq!(lines[0]["rows"], 3);
        assert_eq!(lines[0]["run"], run.to_string());
        assert_eq!(lines[1]["level"], "error");
    }
}
