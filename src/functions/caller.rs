//! Who calls a function: a signed-in user with a row in `sales`.
//!
//! In: the `Authorization` header. Out: a [`Caller`], or 401. The functions check the token themselves,
//! as the originals do: signature, expiry, user, session, ban.

use chrono::Utc;
use serde_json::Value;
use uuid::Uuid;

use super::error::FunctionError;
use super::{FunctionRequest, Functions};
use crate::auth::store::{self, Step};
use crate::auth::{AuthResult, keys, session};

/// A signed-in member of the team.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Role and claims, for SQL as the caller.
    pub auth: AuthResult,
    pub sales_id: i64,
    pub administrator: bool,
    /// The address of the auth user, which mails go to.
    pub email: String,
}

/// Role and claims of the bearer token; any of the API's roles but the anonymous one.
///
/// # Errors
/// 401.
pub fn verified(
    functions: &Functions,
    request: &FunctionRequest,
) -> Result<AuthResult, FunctionError> {
    let authenticator = functions.app.authenticator();
    let verified = authenticator.authenticate(
        request.header("authorization"),
        request.header("apikey"),
        Utc::now().timestamp(),
    );
    verified
        .ok()
        .filter(|auth| [keys::AUTHENTICATED, keys::SERVICE_ROLE].contains(&auth.role.as_str()))
        .ok_or_else(FunctionError::unauthorized)
}

/// The caller as a member of the team.
///
/// # Errors
/// 401 for anybody else; 503 without a connection.
pub async fn member(
    functions: &Functions,
    request: &FunctionRequest,
) -> Result<Caller, FunctionError> {
    let auth = verified(functions, request)?;
    let id = |claim: &str| {
        let text = auth.claims.get(claim).and_then(Value::as_str);
        text.and_then(|text| Uuid::try_parse(text).ok())
    };
    let user_id = id("sub").ok_or_else(FunctionError::unauthorized)?;
    let client = store::connection(&functions.auth.pool).await?;
    let user = session::signed_in_user(&client, user_id, id("session_id"))
        .await
        .map_err(|error| match error.status {
            403 => FunctionError::unauthorized(),
            _ => error.into(),
        })?;
    let step =
        Step::new("select id, administrator from public.sales where user_id = $1").bind(user_id);
    let rows = store::read(&client, "Finding the caller", &[step]).await?;
    let row = rows.iter().flatten().next();
    let row = row.ok_or_else(FunctionError::unauthorized)?;
    let unreadable = |error| FunctionError::internal("reading sales", &error);
    Ok(Caller {
        sales_id: row.try_get("id").map_err(unreadable)?,
        administrator: row.try_get("administrator").map_err(unreadable)?,
        email: user.email,
        auth,
    })
}
