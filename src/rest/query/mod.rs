//! Stage 3: the plan as SQL snippets. Pure.
//!
//! An [`ActionPlan`] in, the statements of its transaction out. The main statement gives one row (see
//! [`crate::rest::transaction::ResultSet`]): total, page total, location keys, body, response settings,
//! rows inserted. Values are parameters, so the text depends on the request's shape only.

mod call;
mod count;
mod embed;
mod filter;
mod fragment;
mod guard;
mod handler;
mod inspect;
mod mutate;
mod payload;
mod pre_query;
mod read;
pub mod snippet;
mod statement;
#[cfg(test)]
mod tests;

pub use inspect::{accessible_routines, accessible_tables, schema_description};

use snippet::Snippet;

use crate::auth::AuthResult;
use crate::config::RestConfig;
use crate::rest::api_request::ApiRequest;
use crate::rest::plan::{ActionPlan, CrudKind, CrudPlan};

/// The statements of one request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MainQuery {
    /// `select set_config(…), …`: search path, role, claims, headers…, all transaction-local.
    pub tx_settings: Snippet,
    /// `select pre_request()`, when configured.
    pub pre_request: Option<Snippet>,
    /// The main statement; see [`crate::rest::transaction::ResultSet`] for its columns.
    pub main: Option<Snippet>,
    /// `EXPLAIN (FORMAT JSON) …` of the count, for planned and estimated counts.
    pub explain_count: Option<Snippet>,
}

impl MainQuery {
    /// The texts of the statements, without the values, for the log.
    pub fn texts(&self) -> Vec<String> {
        [
            Some(&self.tx_settings),
            self.pre_request.as_ref(),
            self.main.as_ref(),
        ]
        .into_iter()
        .chain([self.explain_count.as_ref()])
        .flatten()
        .filter(|snippet| !snippet.is_empty())
        .map(|snippet| snippet.clone().render().0)
        .collect()
    }
}

/// The statements of a planned request; none for OPTIONS. `pg_version` is `server_version_num`.
pub fn main_query(
    plan: &ActionPlan,
    request: &ApiRequest,
    auth: &AuthResult,
    config: &RestConfig,
    _pg_version: u32,
) -> MainQuery {
    let crud = match plan {
        ActionPlan::Crud(crud) => Some(crud),
        ActionPlan::Inspect { .. } => None,
        ActionPlan::RelationInfo(_) | ActionPlan::RoutineInfo(_) | ActionPlan::SchemaInfo => {
            return MainQuery::default();
        }
    };
    MainQuery {
        tx_settings: pre_query::tx_settings(plan, request, auth, config),
        pre_request: config.pre_request.as_ref().map(pre_query::pre_request),
        main: crud.map(|crud| statement::main(crud, request, config)),
        explain_count: crud.and_then(|crud| explain_count(crud, request)),
    }
}

fn explain_count(crud: &CrudPlan, request: &ApiRequest) -> Option<Snippet> {
    let is_read = matches!(crud.kind, CrudKind::Read { .. });
    let is_wanted = is_read && !crud.is_explain && count::needs_plan(request.preferences.count);
    is_wanted.then(|| count::explain(&crud.read))
}
