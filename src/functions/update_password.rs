//! `updatePassword` and `update_password`: a recovery mail to the caller. The body is not read, so that
//! nobody has mails sent to others.

use serde_json::json;

use super::error::FunctionError;
use super::{FunctionAnswer, FunctionRequest, Functions, accounts, caller};

pub(super) async fn run(
    functions: &Functions,
    request: &FunctionRequest,
) -> Result<FunctionAnswer, FunctionError> {
    request.require_method(&["PATCH"])?;
    let caller = caller::member(functions, request).await?;
    accounts::send_recovery(&functions.auth, &caller.email)
        .await
        .map_err(|error| match error.status {
            // Asked for again within a minute.
            429 => error.into(),
            _ => FunctionError::internal("sending a recovery mail", &error),
        })?;
    Ok(FunctionAnswer::ok(json!({"data": {}})))
}
