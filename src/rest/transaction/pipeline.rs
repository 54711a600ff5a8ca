//! One round trip: every statement of a transaction is queued before any answer is read.
//!
//! tokio-postgres sends a request when its future is first polled, so the futures of `BEGIN`, the
//! statements and `COMMIT` are polled together on an exclusively held connection. If a statement fails
//! the transaction is aborted, the ones behind it fail with 25P02, and the final `COMMIT` rolls back:
//! nothing ever runs outside the transaction's role.
//!
//! A statement text that comes a second time on a connection is prepared **inside** the same
//! transaction (its search path decides how names and operators resolve), before it runs, for use from the
//! third time on.

use bytes::BytesMut;
use futures_util::future::{join, join_all, join4};
use futures_util::{TryStreamExt, pin_mut};
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Row, Statement};

use crate::pg::session::{Session, StatementUse};
use crate::rest::query::snippet::{Param, Snippet};

type PgResult<T> = Result<T, tokio_postgres::Error>;

/// How the transaction begins and ends.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// `BEGIN …`.
    pub begin: &'static str,
    /// Roll back at the end, after checking deferred constraints.
    pub rollback: bool,
    /// False behind a transaction pooler: no named statements.
    pub prepared_statements: bool,
}

/// A statement ready to be sent.
struct Query {
    sql: String,
    params: Vec<Param>,
    usage: StatementUse,
}

/// Runs the statements as one transaction and returns the rows of each.
///
/// # Errors
/// The first error in order of sending, `COMMIT` (deferred constraints) included.
pub async fn run(
    session: &mut Session,
    frame: Frame,
    statements: Vec<Snippet>,
) -> PgResult<Vec<Vec<Row>>> {
    let queries: Vec<Query> = statements
        .into_iter()
        .map(|snippet| {
            let (sql, params) = snippet.render();
            let usage = if frame.prepared_statements {
                session.statement_use(&sql)
            } else {
                StatementUse::Unnamed
            };
            Query { sql, params, usage }
        })
        .collect();
    let client = session.client();
    let before_end = async {
        match frame.rollback {
            true => client.batch_execute("SET CONSTRAINTS ALL IMMEDIATE").await,
            false => Ok(()),
        }
    };
    let end = if frame.rollback { "ROLLBACK" } else { "COMMIT" };
    let (begun, results, checked, ended) = join4(
        client.batch_execute(frame.begin),
        join_all(
            queries
                .iter()
                .map(|query| join(prepare(client, query), execute(client, query))),
        ),
        before_end,
        client.batch_execute(end),
    )
    .await;
    begun?;
    let mut all = Vec::with_capacity(queries.len());
    for (query, (prepared, rows)) in queries.iter().zip(results) {
        // A statement that cannot be prepared has aborted the transaction: its error is the cause of all
        // that follow.
        if let Some(statement) = prepared? {
            session.keep(&query.sql, statement);
        }
        all.push(rows?);
    }
    checked?;
    ended?;
    Ok(all)
}

async fn execute(client: &Client, query: &Query) -> PgResult<Vec<Row>> {
    match &query.usage {
        StatementUse::Prepared(statement) => {
            let stream = client.query_raw(statement, query.params.iter()).await?;
            pin_mut!(stream);
            stream.try_collect().await
        }
        _ => {
            let params = query.params.iter().map(|p| (p, param_type(p)));
            let stream = client.query_typed_raw(&query.sql, params).await?;
            pin_mut!(stream);
            stream.try_collect().await
        }
    }
}

/// Prepares a statement that came for the second time.
async fn prepare(client: &Client, query: &Query) -> PgResult<Option<Statement>> {
    match query.usage {
        StatementUse::PrepareForNext => {
            let types: Vec<Type> = query.params.iter().map(param_type).collect();
            client.prepare_typed(&query.sql, &types).await.map(Some)
        }
        _ => Ok(None),
    }
}

fn param_type(param: &Param) -> Type {
    match param {
        Param::Unknown(_) | Param::UnknownBytes(_) => Type::UNKNOWN,
        Param::Text(_) => Type::TEXT,
        Param::Json(_) => Type::JSON,
        Param::Jsonb(_) => Type::JSONB,
        Param::Bytea(_) => Type::BYTEA,
        Param::TextArray(_) => Type::TEXT_ARRAY,
    }
}

/// Sends every parameter in text format, whatever type PostgreSQL inferred for it, except `bytea`,
/// whose bytes go as they are.
impl ToSql for Param {
    fn to_sql(
        &self,
        _ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let bytes: Option<&[u8]> = match self {
            Param::Unknown(text) | Param::Text(text) => text.as_ref().map(String::as_bytes),
            Param::Json(bytes)
            | Param::Jsonb(bytes)
            | Param::Bytea(bytes)
            | Param::UnknownBytes(bytes) => bytes.as_deref(),
            Param::TextArray(items) => {
                out.extend_from_slice(array_literal(items).as_bytes());
                return Ok(IsNull::No);
            }
        };
        match bytes {
            None => Ok(IsNull::Yes),
            Some(bytes) => {
                out.extend_from_slice(bytes);
                Ok(IsNull::No)
            }
        }
    }

    fn accepts(_ty: &Type) -> bool {
        true
    }

    fn encode_format(&self, _ty: &Type) -> Format {
        match self {
            Param::Bytea(_) => Format::Binary,
            _ => Format::Text,
        }
    }

    to_sql_checked!();
}

/// `{"a","b"}`, the text form of an array of text.
/// Source: <https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO>.
fn array_literal(items: &[String]) -> String {
    let mut out = String::from("{");
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        out.push('"');
        for c in item.chars() {
            if matches!(c, '"' | '\\') {
                out.push('\\');
            }
            out.push(c);
        }
        out.push('"');
    }
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn array_items_are_quoted_and_escaped() {
        let items = [
            "a".to_owned(),
            "b\"c\\".to_owned(),
            String::new(),
            "NULL".to_owned(),
        ];
        assert_eq!(array_literal(&items), r#"{"a","b\"c\\","","NULL"}"#);
        assert_eq!(array_literal(&[]), "{}");
    }
}
