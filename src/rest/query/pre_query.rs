//! What runs in the transaction before the main statement: the settings and the pre-request function.
//!
//! Every setting is transaction-local and all of them are one statement whose text depends on which
//! settings there are, not on their values.
//! Source: <https://docs.postgrest.org/en/stable/references/transactions.html>.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value;

use super::snippet::Snippet;
use crate::auth::AuthResult;
use crate::config::RestConfig;
use crate::pg::ident::{QualifiedIdentifier, quote_ident};
use crate::rest::api_request::ApiRequest;
use crate::rest::plan::{ActionPlan, CrudKind};

/// `select set_config(…), …`.
///
/// The settings of the role come before the role itself: those that only a superuser may change are
/// granted to the login role, not to the role that the request runs as.
pub fn tx_settings(
    plan: &ActionPlan,
    request: &ApiRequest,
    auth: &AuthResult,
    config: &RestConfig,
) -> Snippet {
    let mut settings = vec![named("search_path", search_path(request, config))];
    if let Some(of_role) = config.role_settings.get(&auth.role) {
        settings.extend(of_role.iter().map(configured));
    }
    settings.extend([
        named("role", auth.role.clone()),
        named("request.jwt.claims", claims(auth)),
        named("request.method", request.method.clone()),
        named("request.path", request.path.clone()),
        named("request.headers", object(&request.headers)),
        named("request.cookies", object(&request.cookies)),
    ]);
    if let Some(timezone) = &request.preferences.timezone {
        settings.push(named("timezone", timezone.clone()));
    }
    settings.extend(function_settings(plan).iter().map(configured));
    settings.extend(config.app_settings.iter().map(configured));
    Snippet::sql("select ").then(Snippet::join(", ", settings))
}

/// `select "schema"."function"()`.
pub fn pre_request(function: &QualifiedIdentifier) -> Snippet {
    Snippet::sql("select ")
        .then(Snippet::qi(function))
        .then_sql("()")
}

fn named(name: &'static str, value: String) -> Snippet {
    Snippet::sql("set_config('")
        .then_sql(name)
        .then_sql("', ")
        .then(Snippet::unknown(value))
        .then_sql(", true)")
}

/// A setting whose name comes from the configuration or the catalogue.
fn configured((name, value): &(String, String)) -> Snippet {
    Snippet::sql("set_config(")
        .then(Snippet::unknown(name.as_str()))
        .then_sql(", ")
        .then(Snippet::unknown(value.as_str()))
        .then_sql(", true)")
}

fn search_path(request: &ApiRequest, config: &RestConfig) -> String {
    let schemas = std::iter::once(&request.schema).chain(&config.extra_search_path);
    let quoted: Vec<String> = schemas.map(|schema| quote_ident(schema)).collect();
    quoted.join(", ")
}

/// The claims as JSON; `role` is always the role that the request runs as.
fn claims(auth: &AuthResult) -> String {
    let mut claims = Cow::Borrowed(&*auth.claims);
    if claims.get("role").and_then(Value::as_str) != Some(&auth.role) {
        let role = Value::from(auth.role.as_str());
        claims.to_mut().insert("role".into(), role);
    }
    json(&claims)
}

/// Name and value pairs as a JSON object; the last of a repeated name counts. One JSON setting
/// instead of one setting per name, since setting names allow fewer characters than header names.
fn object(pairs: &[(String, String)]) -> String {
    let object: IndexMap<&str, &str> = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    json(&object)
}

fn json(object: &impl Serialize) -> String {
    serde_json::to_string(object).expect("names are texts, and values come from JSON or are texts")
}

fn function_settings(plan: &ActionPlan) -> &[(String, String)] {
    match plan {
        ActionPlan::Crud(crud) => match &crud.kind {
            CrudKind::Call { routine, .. } => &routine.settings,
            _ => &[],
        },
        _ => &[],
    }
}
