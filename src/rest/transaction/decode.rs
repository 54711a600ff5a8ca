//! Rows of the request's statements -> [`Outcome`].

use bytes::Bytes;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

use super::{Accessible, Outcome, ResultSet};
use crate::config::RestConfig;
use crate::error::{Error, Result, codes};
use crate::pg::ident::QualifiedIdentifier;
use crate::rest::api_request::ApiRequest;
use crate::rest::api_request::media_type::MediaType;
use crate::rest::api_request::preferences::Count;
use crate::rest::plan::{ActionPlan, CrudKind, CrudPlan};
use crate::schema_cache;

/// Interprets the rows of the main statement and what follows it.
///
/// # Errors
/// PGRST116 for a read of a single object that found none or several; PGRSTX00 when the rows are not
/// what the query stage promised.
pub fn outcome(
    plan: &ActionPlan,
    request: &ApiRequest,
    config: &RestConfig,
    results: Vec<Vec<Row>>,
) -> Result<Outcome> {
    match plan {
        ActionPlan::Crud(crud) if crud.is_explain => explain(results).map(Outcome::Explain),
        ActionPlan::Crud(crud) => rows(crud, request, config, results).map(Outcome::Rows),
        ActionPlan::Inspect { .. } => accessible(results).map(Outcome::Inspect),
        _ => Ok(Outcome::NotRun),
    }
}

fn rows(
    crud: &CrudPlan,
    request: &ApiRequest,
    config: &RestConfig,
    results: Vec<Vec<Row>>,
) -> Result<ResultSet> {
    let mut results = results.into_iter();
    let row = results
        .next()
        .and_then(|rows| rows.into_iter().next())
        .ok_or_else(no_row)?;
    let explain = results.next().and_then(|rows| planned_rows(&rows));
    let mut set = result_set(row)?;
    set.table_total = match request.preferences.count {
        Some(Count::Planned) => explain,
        Some(Count::Estimated) => estimated(set.table_total, explain, config.max_rows),
        _ => set.table_total,
    };
    let is_read = matches!(crud.kind, CrudKind::Read { .. } | CrudKind::Call { .. });
    if is_read && matches!(crud.media_type, MediaType::SingularJson { .. }) && set.query_total != 1
    {
        return Err(crate::error::sqlstate::singularity_error(set.query_total));
    }
    Ok(set)
}

/// An estimated count is exact up to `db-max-rows`, the planner's beyond.
fn estimated(counted: Option<i64>, planned: Option<i64>, max_rows: Option<u64>) -> Option<i64> {
    let is_beyond = match max_rows {
        Some(max) => counted.is_some_and(|n| i64::try_from(max).is_ok_and(|max| n > max)),
        None => true,
    };
    if is_beyond {
        counted.zip(planned).map(|(c, p)| c.max(p)).or(counted)
    } else {
        counted
    }
}

fn result_set(row: Row) -> Result<ResultSet> {
    let table_total: Option<&str> = row.try_get(0).map_err(unexpected)?;
    let query_total: i64 = row.try_get(1).map_err(unexpected)?;
    let location: Option<Vec<Option<String>>> = row.try_get(2).map_err(unexpected)?;
    let guc_headers: Option<String> = row.try_get(4).map_err(unexpected)?;
    let guc_status: Option<String> = row.try_get(5).map_err(unexpected)?;
    let inserted: Option<&str> = row.try_get(6).map_err(unexpected)?;
    Ok(ResultSet {
        table_total: table_total.and_then(|text| text.parse().ok()),
        query_total,
        location: location.into_iter().flatten().flatten().collect(),
        guc_headers: guc_headers.filter(|text| !text.is_empty()),
        guc_status: guc_status.filter(|text| !text.is_empty()),
        inserted: inserted.and_then(|text| text.parse().ok()),
        body: column_bytes(row, 3)?,
    })
}

/// Bytes of one column without copying them out of the row.
fn column_bytes(row: Row, index: usize) -> Result<Bytes> {
    let is_null = row
        .try_get::<_, Option<RawColumn<'_>>>(index)
        .map_err(unexpected)?
        .is_none();
    if is_null {
        return Ok(Bytes::new());
    }
    Ok(Bytes::from_owner(ColumnOwner { row, index }))
}

/// Keeps the row alive while its column is sent.
struct ColumnOwner {
    row: Row,
    index: usize,
}

impl AsRef<[u8]> for ColumnOwner {
    fn as_ref(&self) -> &[u8] {
        self.row
            .try_get::<_, RawColumn<'_>>(self.index)
            .map(|raw| raw.0)
            .unwrap_or_default()
    }
}

/// The bytes of a column of any type, as received.
struct RawColumn<'a>(&'a [u8]);

impl<'a> FromSql<'a> for RawColumn<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// `EXPLAIN` gives one row for JSON and one per line for text.
fn explain(results: Vec<Vec<Row>>) -> Result<Bytes> {
    let mut out = Vec::new();
    for (i, row) in results
        .into_iter()
        .next()
        .ok_or_else(no_row)?
        .iter()
        .enumerate()
    {
        if i > 0 {
            out.push(b'\n');
        }
        let line: RawColumn<'_> = row.try_get(0).map_err(unexpected)?;
        out.extend_from_slice(line.0);
    }
    Ok(out.into())
}

/// The row estimate at the top of a JSON plan.
fn planned_rows(rows: &[Row]) -> Option<i64> {
    let raw: RawColumn<'_> = rows.first()?.try_get(0).ok()?;
    let plan: Value = serde_json::from_slice(raw.0).ok()?;
    plan.get(0)?.get("Plan")?.get("Plan Rows")?.as_i64()
}

/// The schema's comment, then (unless privileges are ignored) relations and routines.
fn accessible(results: Vec<Vec<Row>>) -> Result<Accessible> {
    let mut results = results.into_iter();
    let description = results.next().unwrap_or_default();
    let tables = results.next().unwrap_or_default();
    let routines = results.next().unwrap_or_default();
    let table = |row: &Row| {
        let (schema, name): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
        Ok(QualifiedIdentifier::new(schema, name))
    };
    let comment = description
        .first()
        .map(|row| row.try_get(0))
        .transpose()
        .map_err(unexpected)?;
    Ok(Accessible {
        tables: tables
            .iter()
            .map(table)
            .collect::<Result<_, _>>()
            .map_err(unexpected)?,
        routines: routines
            .iter()
            .map(schema_cache::decode::routine)
            .collect::<Result<_, _>>()
            .map_err(unexpected)?,
        schema_description: comment.flatten(),
    })
}

fn no_row() -> Error {
    Error::new(&codes::PGRSTX00, "The main statement returned no row")
}

fn unexpected(error: tokio_postgres::Error) -> Error {
    tracing::error!(%error, "unexpected result of the main statement");
    Error::new(
        &codes::PGRSTX00,
        "The main statement returned an unexpected result",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_exact_up_to_max_rows() {
        assert_eq!(estimated(Some(5), Some(900), Some(10)), Some(5));
        assert_eq!(estimated(Some(11), Some(900), Some(10)), Some(900));
        assert_eq!(estimated(Some(11), Some(3), Some(10)), Some(11));
        assert_eq!(estimated(Some(11), Some(900), None), Some(900));
    }
}
