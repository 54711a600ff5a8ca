//! Function calls.
//!
//! A [`CallPlan`] in, the query that calls the function once and gives its rows out; it becomes the CTE
//! that the answer is read from.
//! Source: <https://docs.postgrest.org/en/stable/references/api/functions.html>.

use bytes::Bytes;
use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::fragment::{alias_column, column};
use super::handler::SCALAR;
use super::payload::{BODY, Source};
use super::snippet::{Param, Snippet};
use crate::pg::ident::QualifiedIdentifier;
use crate::rest::plan::{ArgValue, CallArgs, CallParams, CallPlan, CoercibleField};
use crate::schema_cache::routine::RoutineParam;

/// Alias of the function's rows.
const CALL: &str = "pgrst_call";

/// The query that calls the function.
pub fn call_query(plan: &CallPlan) -> Snippet {
    let (source, arguments) = arguments(plan);
    let call = Snippet::qi(&plan.routine)
        .then_sql("(")
        .then(arguments)
        .then_sql(")");
    if plan.returns_scalar || plan.returns_set_of_scalar {
        let out = Snippet::sql("SELECT ")
            .then(call)
            .then_sql(" AS ")
            .then(Snippet::raw(SCALAR));
        return match source {
            Some(source) => out.then_sql(" FROM ").then(source),
            None => out,
        };
    }
    let out = Snippet::sql("SELECT ")
        .then(returned_columns(plan))
        .then_sql(" FROM ");
    let out = match source {
        Some(source) => out.then(source).then_sql(", LATERAL "),
        None => out,
    };
    out.then(call).then_sql(" ").then(Snippet::raw(CALL))
}

/// The columns that select, embeds and filters need; all when they are not known.
fn returned_columns(plan: &CallPlan) -> Snippet {
    let alias = QualifiedIdentifier::unqualified(CALL);
    if plan.returning.is_empty() || plan.returning.iter().any(|c| c == "*") {
        return column(&alias, "*");
    }
    let mut names: Vec<&str> = plan
        .returning
        .iter()
        .chain(&plan.filter_fields)
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names.dedup();
    Snippet::join(", ", names.into_iter().map(|c| column(&alias, c)))
}

/// A row source for the arguments, if they come from a JSON body, and the argument list.
fn arguments(plan: &CallPlan) -> (Option<Snippet>, Snippet) {
    match (&plan.params, &plan.args) {
        (CallParams::Positional(param), args) => (None, positional(param, args)),
        (CallParams::Named(params), _) if params.is_empty() => (None, Snippet::new()),
        (CallParams::Named(params), CallArgs::Direct(values)) => {
            (None, named(params, |param| direct(param, values)))
        }
        (CallParams::Named(params), CallArgs::Body(body)) => {
            let columns: Vec<CoercibleField> = params.iter().map(body_column).collect();
            let source = Source {
                body: body.as_ref(),
                columns: &columns,
                apply_defaults: false,
                first_only: true,
            };
            let list = named(params, |param| alias_column(BODY, &param.name));
            (Some(source.rows()), list)
        }
    }
}

fn body_column(param: &RoutineParam) -> CoercibleField {
    CoercibleField {
        name: param.name.clone(),
        ir_type: param.cast_type.clone(),
        ..CoercibleField::default()
    }
}

/// `"a" := …, VARIADIC "b" := …`.
fn named(params: &[RoutineParam], value: impl Fn(&RoutineParam) -> Snippet) -> Snippet {
    let arguments = params.iter().map(|param| {
        Snippet::sql(if param.variadic { "VARIADIC " } else { "" })
            .then(Snippet::ident(&param.name))
            .then_sql(" := ")
            .then(value(param))
    });
    Snippet::join(", ", arguments)
}

fn direct(param: &RoutineParam, values: &IndexMap<String, ArgValue>) -> Snippet {
    let value = match values.get(&param.name) {
        Some(ArgValue::Fixed(text)) => Snippet::unknown(text.as_str()),
        Some(ArgValue::Variadic(items)) => Snippet::param(Param::TextArray(items.clone())),
        None => Snippet::sql("NULL"),
    };
    value
        .then_sql("::")
        .then(Snippet::raw(param.cast_type.as_str()))
}

/// The whole body as the one unnamed argument.
fn positional(param: &RoutineParam, args: &CallArgs) -> Snippet {
    let raw = match args {
        CallArgs::Body(body) => body.as_ref().map(|body| body.raw.clone()),
        CallArgs::Direct(values) => Some(as_json(values)),
    };
    let value = match param.data_type.as_str() {
        "bytea" => Param::Bytea(raw),
        "json" => Param::Json(raw),
        "jsonb" => Param::Jsonb(raw),
        _ => Param::UnknownBytes(raw),
    };
    Snippet::param(value)
        .then_sql("::")
        .then(Snippet::raw(param.data_type.as_str()))
}

fn as_json(values: &IndexMap<String, ArgValue>) -> Bytes {
    let object: Map<String, Value> = values
        .iter()
        .map(|(name, value)| {
            let value = match value {
                ArgValue::Fixed(text) => Value::from(text.as_str()),
                ArgValue::Variadic(items) => Value::from(items.clone()),
            };
            (name.clone(), value)
        })
        .collect();
    Bytes::from(Value::Object(object).to_string())
}
