//! A transaction as the caller's role, so that row security decides.
//!
//! In: the pool of the `authenticator` role, who is asking, the request. Out: what the work returns.
//! The settings are those of `/rest/v1`: role, claims, headers, method.

use deadpool::managed::Object;
use serde_json::{Map, Value};
use tokio_postgres::Client;

use super::FunctionRequest;
use super::error::FunctionError;
use crate::auth::AuthResult;
use crate::pg::session::{SessionManager, SessionPool};

/// Begins, becomes the caller, works, commits. Any error rolls back.
///
/// # Errors
/// What `work` fails with; 503 without a connection; 500 when the transaction itself fails.
pub async fn as_caller<T>(
    pool: &SessionPool,
    caller: &AuthResult,
    request: &FunctionRequest,
    work: impl AsyncFnOnce(&Client) -> Result<T, FunctionError>,
) -> Result<T, FunctionError> {
    let session = pool
        .get()
        .await
        .map_err(|_| FunctionError::new(503, "Database is not available"))?;
    let mut open = Open(Some(session));
    let Some(session) = &open.0 else {
        return Err(FunctionError::new(503, "Database is not available"));
    };
    let client = session.client();
    begin(client, caller, request)
        .await
        .map_err(|error| FunctionError::internal("becoming the caller", &error))?;
    match work(client).await {
        Ok(value) => {
            client
                .batch_execute("commit")
                .await
                .map_err(|error| FunctionError::internal("committing", &error))?;
            drop(open.0.take());
            Ok(value)
        }
        Err(error) => {
            if client.batch_execute("rollback").await.is_ok() {
                drop(open.0.take());
            }
            Err(error)
        }
    }
}

/// A session inside a transaction: dropped before its end, it is closed and not given back.
struct Open(Option<Object<SessionManager>>);

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(session) = self.0.take() {
            drop(Object::take(session));
        }
    }
}

async fn begin(
    client: &Client,
    caller: &AuthResult,
    request: &FunctionRequest,
) -> Result<(), tokio_postgres::Error> {
    let mut claims = Map::clone(&caller.claims);
    claims.insert("role".into(), caller.role.as_str().into());
    let headers: Map<String, Value> = request
        .headers
        .iter()
        .filter(|(name, _)| name != "cookie")
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect();
    client.batch_execute("begin").await?;
    client
        .execute(
            include_str!("sql/become.sql"),
            &[
                &caller.role,
                &Value::Object(claims).to_string(),
                &Value::Object(headers).to_string(),
                &request.method,
            ],
        )
        .await?;
    Ok(())
}
