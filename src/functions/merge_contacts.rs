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
        async |client: &Client| merge(client, loser, winner).await.map_err(failed),
    )
    .await?;
    Ok(FunctionAnswer::ok(
        json!({"success": true, "winnerId": winner}),
    ))
}

async fn merge(client: &Client, loser: i64, winner: i64) -> Result<(), tokio_postgres::Error> {
    let merged = client
        .query_opt(include_str!("sql/merged_contact.sql"), &[&loser, &winner])
        .await?;
    client
        .execute("select public.merge_contacts($1, $2)", &[&loser, &winner])
        .await?;
    if let Some(merged) = merged {
        let merged: Value = merged.try_get(0)?;
        client
            .execute(
                include_str!("sql/merged_contact_update.sql"),
                &[&winner, &merged],
            )
            .await?;
    }
    Ok(())
}

fn failed(error: tokio_postgres::Error) -> FunctionError {
    let reason = match error.as_db_error() {
        Some(db) => db.message().to_owned(),
        None => {
            tracing::error!(%error, "functions: no answer from the database");
            "the database is not available".to_owned()
        }
    };
    FunctionError::new(500, format!("Failed to merge contacts: {reason}"))
}
