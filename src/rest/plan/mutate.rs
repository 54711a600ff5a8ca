//! Plans the statement of a write.
//!
//! In: the request, the table, and the read plan over the written rows. Out: a [`MutatePlan`].
//! Source: <https://docs.postgrest.org/en/stable/references/api/tables_views.html#insert> and the
//! sections after it.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::error::{Error, codes};
use crate::pg::ident::QualifiedIdentifier;
use crate::rest::api_request::filter::{Filter, Operation, QuantifiableOperator};
use crate::rest::api_request::payload::Payload;
use crate::rest::api_request::preferences::{Missing, Resolution, Return};
use crate::rest::api_request::query_params::QueryParams;
use crate::rest::api_request::{ApiRequest, Mutation};
use crate::schema_cache::table::Table;

use super::attach::{unresolved_filter, unresolved_logic};
use super::coercible::Resolver;
use super::types::{CoercibleField, CoercibleLogicTree, JsonBody, MutatePlan, ReadPlan};
use super::{Context, faults, returning};

/// Plans an insert, update, delete or upsert of one row.
///
/// # Errors
/// `PGRST204` for an unknown column; `PGRST105` when PUT does not name one row by its key.
pub fn mutate_plan(
    context: Context,
    relation: &QualifiedIdentifier,
    table: &Table,
    mutation: Mutation,
    read: &ReadPlan,
) -> Result<MutatePlan, Error> {
    let request = context.request;
    let resolver = Resolver::new(context.cache, relation);
    let primary_key = &table.primary_key;
    let columns = || written_columns(&resolver, table, &request.columns);
    let body = body(request);
    let returning = match request.preferences.representation {
        None | Some(Return::Minimal) => Vec::new(),
        Some(Return::Representation | Return::HeadersOnly) => returning::columns(read, primary_key),
    };
    let apply_defaults = request.preferences.missing == Some(Missing::Default);
    Ok(match mutation {
        Mutation::Create => MutatePlan::Insert {
            into: relation.clone(),
            columns: columns()?,
            body,
            on_conflict: request.preferences.resolution.map(|resolution| {
                let target = request.query.on_conflict.as_ref().unwrap_or(primary_key);
                (resolution, target.clone())
            }),
            where_: Vec::new(),
            returning,
            primary_key: primary_key.clone(),
            apply_defaults,
            is_put: false,
        },
        Mutation::SingleUpsert => {
            require_key_filters(&request.query, primary_key)?;
            MutatePlan::Insert {
                into: relation.clone(),
                columns: columns()?,
                body,
                on_conflict: Some((Resolution::MergeDuplicates, primary_key.clone())),
                where_: conditions(&request.query, &resolver),
                returning,
                // PUT answers without Location.
                primary_key: Vec::new(),
                apply_defaults: false,
                is_put: true,
            }
        }
        Mutation::Update => MutatePlan::Update {
            into: relation.clone(),
            columns: columns()?,
            body,
            where_: conditions(&request.query, &resolver),
            returning,
            apply_defaults,
        },
        Mutation::Delete => MutatePlan::Delete {
            from: relation.clone(),
            where_: conditions(&request.query, &resolver),
            returning,
        },
    })
}

fn written_columns(
    resolver: &Resolver,
    table: &Table,
    names: &BTreeSet<String>,
) -> Result<Vec<CoercibleField>, Error> {
    let typed = |name: &String| {
        let column = resolver.written_column(name);
        column.ok_or_else(|| faults::column_not_found(&table.name, name))
    };
    names.iter().map(typed).collect()
}

/// PUT must name exactly the row that it writes.
fn require_key_filters(query: &QueryParams, primary_key: &[String]) -> Result<(), Error> {
    let is_equality = |filter: &Filter| {
        !filter.condition.negated
            && matches!(
                filter.condition.operation,
                Operation::Quantified(QuantifiableOperator::Eq, None, _)
            )
    };
    let has_logic = query.logic.iter().any(|(path, _)| path.is_empty());
    let named: BTreeSet<_> = query.filter_fields.iter().collect();
    let names_key = !primary_key.is_empty() && named == primary_key.iter().collect();
    if !has_logic && names_key && query.root_filters.iter().all(is_equality) {
        return Ok(());
    }
    Err(Error::new(
        &codes::PGRST105,
        "Filters must include all and only primary key columns with 'eq' operators",
    ))
}

/// The root level's filters and logic trees; those of embeds only narrow what is returned.
fn conditions(query: &QueryParams, resolver: &Resolver) -> Vec<CoercibleLogicTree> {
    let filters = query
        .root_filters
        .iter()
        .map(|filter| CoercibleLogicTree::Statement(unresolved_filter(filter)));
    let logic = query
        .logic
        .iter()
        .filter(|(path, _)| path.is_empty())
        .map(|(_, tree)| unresolved_logic(tree));
    let mut trees: Vec<_> = filters.chain(logic).collect();
    for tree in &mut trees {
        resolver.resolve_logic(tree);
    }
    trees
}

/// The payload as JSON text, if it is any.
pub fn body(request: &ApiRequest) -> Option<JsonBody> {
    match request.payload.as_ref()? {
        Payload::Json { raw, is_object } => Some(JsonBody {
            raw: raw.clone(),
            is_object: *is_object,
        }),
        Payload::UncheckedJson { raw } | Payload::Raw { raw } => Some(JsonBody {
            raw: raw.clone(),
            is_object: starts_an_object(raw),
        }),
        Payload::Form { .. } => None,
    }
}

fn starts_an_object(raw: &Bytes) -> bool {
    raw.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Given, condition_fields, embed, field};
    use super::*;

    fn mutate(given: &Given) -> Result<MutatePlan, Error> {
        given.mutate_plan()
    }

    fn names(fields: &[CoercibleField]) -> Vec<&str> {
        fields.iter().map(|f| &*f.name).collect()
    }

    #[test]
    fn inserts_carry_typed_columns_and_the_conflict_target() {
        let insert = || Given::read("projects").mutate(Mutation::Create);
        let given = insert().json(r#"[{"id":1,"name":"a"}]"#, &["name", "id"]);
        let MutatePlan::Insert {
            columns,
            body,
            on_conflict,
            where_,
            primary_key,
            is_put,
            ..
        } = mutate(&given).unwrap()
        else {
            panic!("not an insert")
        };
        assert_eq!(names(&columns), ["id", "name"]);
        assert_eq!(columns[0].ir_type, "integer");
        assert!(!body.unwrap().is_object);
        assert_eq!(on_conflict, None);
        assert!(where_.is_empty() && !is_put);
        assert_eq!(primary_key, ["id"]);

        let conflict = |given: Given| match mutate(&given).unwrap() {
            MutatePlan::Insert { on_conflict, .. } => on_conflict.unwrap(),
            other => panic!("not an insert: {other:?}"),
        };
        let mut merge = insert().resolution(Resolution::MergeDuplicates);
        assert_eq!(
            conflict(merge.clone()),
            (Resolution::MergeDuplicates, vec!["id".to_owned()])
        );
        merge.request.query.on_conflict = Some(vec!["name".into()]);
        assert_eq!(conflict(merge).1, ["name"]);
    }

    #[test]
    fn unknown_columns_are_refused() {
        let given = Given::read("projects").mutate(Mutation::Update);
        let error = mutate(&given.json("{}", &["nope"])).unwrap_err();
        let fault = error.fault();
        assert_eq!((&*fault.code, fault.status), ("PGRST204", 400));
        assert_eq!(
            fault.message,
            "Could not find the 'nope' column of 'projects' in the schema cache"
        );
        assert_eq!((&fault.details, &fault.hint), (&None, &None));
    }

    #[test]
    fn root_conditions_apply_to_the_written_rows_and_embedded_ones_do_not() {
        let given = Given::read("projects")
            .select(vec![field("id"), embed("clients", vec![field("id")])])
            .filter(&[], "id", "eq.1")
            .filter(&["clients"], "name", "eq.x")
            .any_of(&[], &["name", "client_id"])
            .any_of(&["clients"], &["name"]);
        for mutation in [Mutation::Update, Mutation::Delete] {
            let where_ = match mutate(&given.clone().mutate(mutation)).unwrap() {
                MutatePlan::Update { where_, .. } | MutatePlan::Delete { where_, .. } => where_,
                MutatePlan::Insert { .. } => panic!("an insert"),
            };
            assert_eq!(condition_fields(&where_), ["id", "name", "client_id"]);
        }
    }

    #[test]
    fn rows_are_returned_only_when_the_answer_is_made_of_them() {
        let given = Given::read("projects").select(vec![field("name")]);
        for (preference, expected) in [
            (None, vec![]),
            (Some(Return::Minimal), vec![]),
            (Some(Return::HeadersOnly), vec!["id", "name"]),
            (Some(Return::Representation), vec!["id", "name"]),
        ] {
            let mut given = given.clone().mutate(Mutation::Delete);
            given.request.preferences.representation = preference;
            let MutatePlan::Delete { returning, .. } = mutate(&given).unwrap() else {
                panic!("not a delete")
            };
            assert_eq!(returning, expected);
        }
    }

    #[test]
    fn put_needs_equality_on_exactly_the_key() {
        let put = || Given::read("projects").mutate(Mutation::SingleUpsert);
        let MutatePlan::Insert {
            on_conflict,
            where_,
            primary_key,
            is_put,
            ..
        } = mutate(&put().filter(&[], "id", "eq.1")).unwrap()
        else {
            panic!("not an insert")
        };
        assert!(is_put && primary_key.is_empty());
        assert_eq!(
            on_conflict,
            Some((Resolution::MergeDuplicates, vec!["id".into()]))
        );
        assert_eq!(condition_fields(&where_), ["id"]);

        for refused in [
            put(),
            put().filter(&[], "name", "eq.1"),
            put().filter(&[], "id", "eq.1").filter(&[], "name", "eq.1"),
            put().filter(&[], "id", "not.eq.1"),
            put().filter(&[], "id", "in.(1)"),
            put().any_of(&[], &["id"]),
            // No primary key.
            Given::read("docs").mutate(Mutation::SingleUpsert),
        ] {
            let error = mutate(&refused).unwrap_err();
            let fault = error.fault();
            assert_eq!((&*fault.code, fault.status), ("PGRST105", 405));
            assert_eq!(
                fault.message,
                "Filters must include all and only primary key columns with 'eq' operators"
            );
        }
    }

    #[test]
    fn unchecked_bodies_are_objects_when_they_open_as_one() {
        let is_object = |text: &'static str| {
            let mut given = Given::read("projects").mutate(Mutation::Create);
            let raw = Bytes::from_static(text.as_bytes());
            given.request.payload = Some(Payload::UncheckedJson { raw });
            body(&given.request).unwrap().is_object
        };
        assert!(is_object(" \n{}"));
        assert!(!is_object("[{}]"));
        assert!(!is_object(""));
    }
}
