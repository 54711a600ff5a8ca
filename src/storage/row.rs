//! Reading rows: columns, JSON, and times as JavaScript writes them.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::error::{Result, StorageError};

/// A column by name.
///
/// # Errors
/// InternalError when the column is not what the statement promised.
pub fn get<'a, T: FromSql<'a>>(row: &'a Row, column: &str) -> Result<T> {
    row.try_get(column)
        .map_err(|error| StorageError::internal("reading a row", &error))
}

/// The first column, a whole row as `jsonb`: tables of older and newer projects differ in columns.
///
/// # Errors
/// InternalError when it is no JSON.
pub fn json(row: &Row) -> Result<Value> {
    row.try_get(0)
        .map_err(|error| StorageError::internal("reading a row", &error))
}

/// PostgreSQL's time in JSON as a moment.
pub fn moment(value: &Value) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
    Some(time.to_utc())
}

/// `2026-01-02T03:04:05.678Z`; null stays null.
pub fn time(value: &Value) -> Value {
    moment(value).map_or(Value::Null, |time| Value::from(iso(time)))
}

/// `2026-01-02T03:04:05.678Z`
pub fn iso(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
