//! The manifest of a backup set: a JSON file for people and their tools, never read back.

use std::path::Path;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

use super::Set;
use crate::migrate::error::Fault;

/// The window's end before the run is complete.
pub const OPEN: &str = "open";
/// Hours in which a run can be undone.
const WINDOW_HOURS: i64 = 48;

/// Writes the manifest, whole or not at all.
///
/// # Errors
/// Exit code 3 when the file cannot be written.
pub fn write(set: &Set) -> Result<(), Fault> {
    let value =
        serde_json::to_value(set).map_err(|e| Fault::failed(format!("the manifest: {e}")))?;
    replace(&set.manifest, &value)
}

/// Notes the end of the window in a manifest: 48 hours after the run's recorded completion.
///
/// # Errors
/// Exit code 3 when the file cannot be read or written.
pub fn close(path: &Path, completed_at: DateTime<Utc>) -> Result<(), Fault> {
    let fault = |error: String| Fault::environment(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| fault(e.to_string()))?;
    let mut value: Value = serde_json::from_str(&text).map_err(|e| fault(e.to_string()))?;
    let end = completed_at + chrono::Duration::hours(WINDOW_HOURS);
    value["rollbackWindowExpires"] = end.to_rfc3339_opts(SecondsFormat::Secs, true).into();
    replace(path, &value)
}

fn replace(path: &Path, value: &Value) -> Result<(), Fault> {
    let partial = path.with_extension("json.partial");
    std::fs::write(&partial, format!("{value:#}\n"))
        .and_then(|()| std::fs::rename(&partial, path))
        .map_err(|e| Fault::environment(format!("{} cannot be written: {e}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completion_closes_the_window_and_keeps_the_rest() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("m.json");
        std::fs::write(&path, r#"{"stamp":"x","rollbackWindowExpires":"open"}"#).expect("written");
        let completed = DateTime::from_timestamp(0, 0).expect("a time");
        close(&path, completed).expect("closed");
        let value: Value =
            serde_json::from_slice(&std::fs::read(&path).expect("read")).expect("JSON");
        assert_eq!(value["rollbackWindowExpires"], "1970-01-03T00:00:00Z");
        assert_eq!(value["stamp"], "x");
        assert!(close(&folder.path().join("none"), completed).is_err());
    }
}
