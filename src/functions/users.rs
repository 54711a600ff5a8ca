//! `users`: an administrator adds a member of the team (POST); a member is changed (PATCH).
//!
//! The answer is `{"data": <sales row>}`. Administrators change everybody, others themselves only, and
//! of themselves neither rank nor state: a disabled user cannot lift the ban with a live token.

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::accounts::{self, Created, MemberChange, NewMember};
use super::caller::{self, Caller};
use super::error::FunctionError;
use super::{FunctionAnswer, FunctionRequest, Functions};
use crate::auth::store::{self, Step};

pub(super) async fn run(
    functions: &Functions,
    request: &FunctionRequest,
) -> Result<FunctionAnswer, FunctionError> {
    request.require_method(&["POST", "PATCH"])?;
    let caller = caller::member(functions, request).await?;
    if request.method == "POST" {
        create(functions, &caller, request.json()?).await
    } else {
        update(functions, &caller, request.json()?).await
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Create {
    email: Option<String>,
    password: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    administrator: Option<bool>,
    disabled: Option<bool>,
}

async fn create(
    functions: &Functions,
    caller: &Caller,
    body: Create,
) -> Result<FunctionAnswer, FunctionError> {
    if !caller.administrator {
        return Err(FunctionError::not_authorized());
    }
    let member = NewMember {
        email: body.email.unwrap_or_default(),
        password: body.password,
        first_name: body.first_name.unwrap_or_default(),
        last_name: body.last_name.unwrap_or_default(),
        administrator: body.administrator.unwrap_or_default(),
        disabled: body.disabled.unwrap_or_default(),
    };
    let sales = match accounts::create(&functions.auth, &member).await {
        Ok(Created::New { sales }) => {
            accounts::send_invitation(&functions.auth, &member.email)
                .await
                .map_err(|error| {
                    tracing::error!(%error, "functions: an invitation was not sent");
                    FunctionError::new(500, "Failed to send invitation mail")
                })?;
            sales
        }
        Ok(Created::Linked { sales }) => sales,
        // A taken address has no code in the original.
        Err(error) if error.status == 400 && error.code == "email_exists" => {
            return Err(FunctionError::new(400, error.message));
        }
        Err(error) => return Err(error.into()),
    };
    Ok(FunctionAnswer::ok(json!({"data": sales})))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Update {
    sales_id: Option<Value>,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    administrator: Option<bool>,
    disabled: Option<bool>,
    avatar: Option<Value>,
}

async fn update(
    functions: &Functions,
    caller: &Caller,
    body: Update,
) -> Result<FunctionAnswer, FunctionError> {
    let sales_id = body.sales_id.as_ref().and_then(whole_number);
    let (sales_id, user_id) = find(functions, sales_id).await?;
    if !caller.administrator && sales_id != caller.sales_id {
        return Err(FunctionError::not_authorized());
    }
    let change = MemberChange {
        email: body.email,
        first_name: body.first_name,
        last_name: body.last_name,
        avatar: body.avatar.filter(is_truthy),
        administrator: body.administrator.filter(|_| caller.administrator),
        disabled: body.disabled.filter(|_| caller.administrator),
    };
    let sales = accounts::update(&functions.auth, user_id, change)
        .await
        .map_err(|error| FunctionError {
            status: match error.status {
                // What the caller sent cannot be used.
                400..=499 | 503 => error.status,
                _ => 500,
            },
            ..error.into()
        })?;
    Ok(FunctionAnswer::ok(json!({"data": sales})))
}

/// The user behind a `sales` row.
async fn find(functions: &Functions, sales_id: Option<i64>) -> Result<(i64, Uuid), FunctionError> {
    let not_found = || FunctionError::new(404, "Not Found");
    let sales_id = sales_id.ok_or_else(not_found)?;
    let client = store::connection(&functions.auth.pool).await?;
    let step = Step::new("select user_id from public.sales where id = $1").bind(sales_id);
    let rows = store::read(&client, "Finding sales", &[step]).await?;
    let row = rows.iter().flatten().next().ok_or_else(not_found)?;
    let user_id = row
        .try_get(0)
        .map_err(|error| FunctionError::internal("reading sales", &error))?;
    Ok((sales_id, user_id))
}

/// A number, or a text that holds one: forms send either.
pub(super) fn whole_number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Number(number) => number.as_f64() != Some(0.0),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_numbers_or_texts_of_numbers() {
        assert_eq!(whole_number(&json!(7)), Some(7));
        assert_eq!(whole_number(&json!("7")), Some(7));
        for other in [
            json!(null),
            json!("x"),
            json!(1.5),
            json!([7]),
            json!(u64::MAX),
        ] {
            assert_eq!(whole_number(&other), None, "{other}");
        }
    }

    #[test]
    fn an_avatar_counts_when_javascript_calls_it_true() {
        assert!(is_truthy(&json!({})) && is_truthy(&json!("x")));
        assert!(!is_truthy(&json!(null)) && !is_truthy(&json!("")) && !is_truthy(&json!(0)));
    }
}
