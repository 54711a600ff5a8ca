//! The faults of this stage that take some words: what was looked for, and what may be meant.
//!
//! In: what the client wrote and the schema cache. Out: an [`Error`] with message, details and hint.
//! Source: <https://docs.postgrest.org/en/stable/references/errors.html#group-2-schema-cache>.

use serde_json::{Value, json};

use crate::error::{Error, codes};
use crate::pg::ident::QualifiedIdentifier;
use crate::rest::api_request::media_type::MediaType;
use crate::schema_cache::relationship::{Cardinality, ColumnPairs, Relationship};
use crate::schema_cache::routine::Routine;
use crate::schema_cache::{SchemaCache, suggest};

/// `PGRST205`: no such relation.
pub fn table_not_found(cache: &SchemaCache, relation: &QualifiedIdentifier) -> Error {
    let QualifiedIdentifier { schema, name } = relation;
    let message = format!("Could not find the table '{schema}.{name}' in the schema cache");
    let hint = suggest::suggest_table(cache, schema, name)
        .map(|near| format!("Perhaps you meant the table '{schema}.{near}'"));
    Error::new(&codes::PGRST205, message).maybe_hint(hint)
}

/// `PGRST204`: no such column to write to.
pub fn column_not_found(table: &str, column: &str) -> Error {
    let message = format!("Could not find the '{column}' column of '{table}' in the schema cache");
    Error::new(&codes::PGRST204, message)
}

/// `PGRST108`: a filter, an order or a limit names something that is not in `select`.
pub fn not_embedded(name: &str) -> Error {
    let message = format!("'{name}' is not an embedded resource in this request");
    let hint = format!("Verify that '{name}' is included in the 'select' query parameter.");
    Error::new(&codes::PGRST108, message).hint(hint)
}

/// `PGRST108`: the embed has an alias, and only that may name it.
pub fn named_by_target(target: &str, alias: &str) -> Error {
    let hint = format!("Change '{target}' to '{alias}' in filters, orders or limits.");
    not_embedded(target)
        .details("Target names are not allowed in filters if they have an alias")
        .hint(hint)
}

/// `PGRST118`: rows cannot be ordered by a column of a to-many embed.
pub fn related_order_not_to_one(origin: &str, target: &str) -> Error {
    let message = format!("A related order on '{target}' is not possible");
    let details =
        format!("'{origin}' and '{target}' do not form a many-to-one or one-to-one relationship");
    Error::new(&codes::PGRST118, message).details(details)
}

/// `PGRST200`: nothing connects the two relations.
pub fn no_relationship(
    cache: &SchemaCache,
    schema: &str,
    origin: &str,
    target: &str,
    hint: Option<&str>,
) -> Error {
    let message = format!(
        "Could not find a relationship between '{origin}' and '{target}' in the schema cache"
    );
    let using = hint.map_or_else(String::new, |h| format!(" using the hint '{h}'"));
    let details = format!(
        "Searched for a foreign key relationship between '{origin}' and '{target}'{using} in the \
         schema '{schema}', but no matches were found."
    );
    let near = suggest::suggest_relationship(cache, schema, origin, target);
    let instead = |near: String, of: &str| format!("Perhaps you meant '{near}' instead of '{of}'.");
    let hint = match (near.parent, near.child) {
        (Some(parent), _) => Some(instead(parent, origin)),
        (None, child) => child.map(|child| instead(child, target)),
    };
    Error::new(&codes::PGRST200, message)
        .details(details)
        .maybe_hint(hint)
}

/// `PGRST201`: several relationships connect the two relations; the details list them.
pub fn ambiguous_embedding(origin: &str, target: &str, found: &[&Relationship]) -> Error {
    let message = format!(
        "Could not embed because more than one relationship was found for '{origin}' and \
         '{target}'"
    );
    let described: Vec<_> = found.iter().filter_map(|r| describe(r)).collect();
    let choices: Vec<_> = described.iter().map(|(choice, _)| &**choice).collect();
    let hint = format!(
        "Try changing '{target}' to one of the following: {}. Find the desired relationship in \
         the 'details' key.",
        choices.join(", ")
    );
    let details: Vec<Value> = described.into_iter().map(|(_, value)| value).collect();
    Error::new(&codes::PGRST201, message)
        .details(details)
        .hint(hint)
}

/// How a request would name a relationship, and its description.
fn describe(relationship: &Relationship) -> Option<(String, Value)> {
    let Relationship::ForeignKey {
        table,
        foreign_table,
        cardinality,
        ..
    } = relationship
    else {
        return None;
    };
    let (source, target) = (&table.name, &foreign_table.name);
    let by_key = |constraint: &str, columns: &ColumnPairs| {
        let own = list(columns.iter().map(|(column, _)| column));
        let other = list(columns.iter().map(|(_, column)| column));
        format!("{constraint} using {source}{own} and {target}{other}")
    };
    let (kind, hint, words) = match cardinality {
        Cardinality::OneToMany {
            constraint,
            columns,
        } => ("one-to-many", constraint, by_key(constraint, columns)),
        Cardinality::ManyToOne {
            constraint,
            columns,
        } => ("many-to-one", constraint, by_key(constraint, columns)),
        Cardinality::OneToOne {
            constraint,
            columns,
            ..
        } => ("one-to-one", constraint, by_key(constraint, columns)),
        Cardinality::ManyToMany(junction) => {
            let from = list(junction.columns_source.iter().map(|(_, column)| column));
            let to = list(junction.columns_target.iter().map(|(_, column)| column));
            let words = format!(
                "{} using {}{from} and {}{to}",
                junction.table.name, junction.constraint_source, junction.constraint_target
            );
            ("many-to-many", &junction.table.name, words)
        }
    };
    let description = json!({
        "cardinality": kind,
        "embedding": format!("{source} with {target}"),
        "relationship": words,
    });
    Some((format!("'{target}!{hint}'"), description))
}

fn list<'a>(columns: impl Iterator<Item = &'a String>) -> String {
    let columns: Vec<_> = columns.map(String::as_str).collect();
    format!("({})", columns.join(", "))
}

/// What a function call was made with, for the words of [`no_routine`].
#[derive(Debug, Clone, Copy)]
pub struct CallShape<'a> {
    /// Names of the arguments, sorted.
    pub arguments: &'a [String],
    pub content_type: &'a MediaType,
    pub is_post: bool,
}

/// `PGRST202`: no function of that name takes those arguments.
pub fn no_routine(cache: &SchemaCache, target: &QualifiedIdentifier, call: CallShape<'_>) -> Error {
    let arguments = call.arguments.join(", ");
    // The type that the single unnamed parameter of a raw body would have.
    let raw_type = match (call.is_post, call.content_type) {
        (true, MediaType::TextPlain) => Some("text"),
        (true, MediaType::TextXml) => Some("xml"),
        (true, MediaType::OctetStream) => Some("bytea"),
        _ => None,
    };
    let (signature, searched) = match (raw_type, call.arguments.len()) {
        (Some(raw), _) => (
            String::new(),
            format!(" with a single unnamed {raw} parameter"),
        ),
        (None, 0) => (" without parameters".into(), " without parameters".into()),
        (None, 1) => (
            format!("({arguments})"),
            format!(" with parameter {arguments}"),
        ),
        (None, _) => (
            format!("({arguments})"),
            format!(" with parameters {arguments}"),
        ),
    };
    let or_json = if call.is_post && *call.content_type == MediaType::ApplicationJson {
        " or with a single unnamed json/jsonb parameter"
    } else {
        ""
    };
    let message = format!("Could not find the function {target}{signature} in the schema cache");
    let details = format!(
        "Searched for the function {target}{searched}{or_json}, but no matches were found in the \
         schema cache."
    );
    let hint = match raw_type {
        Some(_) => None,
        None => routine_hint(cache, target, call.arguments),
    };
    Error::new(&codes::PGRST202, message)
        .details(details)
        .maybe_hint(hint)
}

fn routine_hint(
    cache: &SchemaCache,
    target: &QualifiedIdentifier,
    arguments: &[String],
) -> Option<String> {
    let QualifiedIdentifier { schema, name } = target;
    let near = suggest::suggest_routine(cache, schema, name, arguments);
    let signature = match (near.name, near.params) {
        (Some(other), _) => other,
        (None, params) => format!("{name}{}", params?),
    };
    Some(format!(
        "Perhaps you meant to call the function {schema}.{signature}"
    ))
}

/// `PGRST203`: several functions take those arguments.
pub fn ambiguous_routine(candidates: &[&Routine]) -> Error {
    let signatures: Vec<_> = candidates.iter().map(|r| signature(r)).collect();
    let message = format!(
        "Could not choose the best candidate function between: {}",
        signatures.join(", ")
    );
    Error::new(&codes::PGRST203, message).hint(
        "Try renaming the parameters or the function itself in the database so function \
         overloading can be resolved",
    )
}

fn signature(routine: &Routine) -> String {
    let params: Vec<_> = routine
        .params
        .iter()
        .map(|p| format!("{} => {}", p.name, p.data_type))
        .collect();
    format!("{}.{}({})", routine.schema, routine.name, params.join(", "))
}
