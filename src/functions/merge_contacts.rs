//! `merge_contacts`: two contacts become one, in one transaction with the caller's rights.
//!
//! The database's function moves what refers to the loser, in old tables and new ones, and deletes it.
//! What the winner becomes is worked out before, from both rows, by the rules of the frontend's own
//! function: the winner's value wins where it has one.

use serde::Deserialize;
use serde_json::{Value, json};
use tokio_postgres::Client;

use super::as_caller::as_caller;
use super::error::FunctionError;
use super::users::whole_number;
use super::{FunctionAnswer, FunctionRequest, Functions, caller};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Merge {
    loser_id: Option<Value>,
    winner_id: Option<Value>,
}

pub(super) async fn run(
    functions: &Functions,
    request: &FunctionRequest,
) -> Result<FunctionAnswer, FunctionError> {
    request.require_method(&["POST"])?;
    let caller = caller::member(functions, request).await?;
    let body: Merge = request.json()?;
    let id = |value: &Option<Value>| value.as_ref().and_then(whole_number);
    let (Some(loser), Some(winner)) = (id(&body.loser_id), id(&body.winner_id)) else {
        return Err(FunctionError::new(400, "Missing loserId or winnerId"));
    };
    as_caller(
        &functions.sessions,
        &caller.auth,
        request,
        async |client: &Client| {
            let merged = merge(client, loser, winner).await.map_err(failed)?;
            merged.map_err(missing)
        },
    )
    .await?;
    Ok(FunctionAnswer::ok(
        json!({"success": true, "winnerId": winner}),
    ))
}

/// What a schema without the function has that refers to a contact. $1: the loser, $2: the winner.
const PLAIN_MOVES: &[&str] = &[
    "update public.tasks set contact_id = $2::bigint where contact_id = $1::bigint",
    "update public.contact_notes set contact_id = $2::bigint where contact_id = $1::bigint",
    include_str!("sql/merge_deals.sql"),
];

/// The inner error is the caller's.
async fn merge(
    client: &Client,
    loser: i64,
    winner: i64,
) -> Result<Result<(), &'static str>, tokio_postgres::Error> {
    let merged = client
        .query_opt(include_str!("sql/merged_contact.sql"), &[&loser, &winner])
        .await?;
    let Some(merged) = merged.filter(|_| loser != winner) else {
        return Ok(Err("Contact not found"));
    };
    let (merged, has_function): (Value, bool) = (merged.try_get(0)?, merged.try_get(1)?);
    let moves: &[&str] = if has_function {
        &["select public.merge_contacts($1, $2)"]
    } else {
        PLAIN_MOVES
    };
    for sql in moves {
        client.execute(*sql, &[&loser, &winner]).await?;
    }
    let update = include_str!("sql/merged_contact_update.sql");
    client.execute(update, &[&winner, &merged]).await?;
    if !has_function {
        client
            .execute("delete from public.contacts where id = $1", &[&loser])
            .await?;
    }
    Ok(Ok(()))
}

fn failed(error: tokio_postgres::Error) -> FunctionError {
    let reason = match error.as_db_error() {
        Some(db) => db.message().to_owned(),
        None => {
            tracing::error!(%error, "functions: no answer from the database");
            "the database is not available".to_owned()
        }
    };
    refused(&reason)
}

/// The caller named a contact that is not there, or that row security hides.
fn missing(reason: &str) -> FunctionError {
    FunctionError {
        status: 404,
        ..refused(reason)
    }
}

fn refused(reason: &str) -> FunctionError {
    FunctionError::new(500, format!("Failed to merge contacts: {reason}"))
}
