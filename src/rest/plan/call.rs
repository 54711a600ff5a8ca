//! Plans the call of a routine.
//!
//! In: the request, the routine it means, and the read plan over its result. Out: a [`CallPlan`].
//! Source: <https://docs.postgrest.org/en/stable/references/api/functions.html>.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use indexmap::map::Entry;

use crate::pg::ident::QualifiedIdentifier;
use crate::rest::api_request::payload::Payload;
use crate::rest::api_request::{ApiRequest, Invocation};
use crate::schema_cache::routine::Routine;

use super::mutate::body;
use super::returning;
use super::types::{ArgValue, CallArgs, CallParams, CallPlan, ReadPlan};

/// The relation whose rows the routine returns, for embedding; a name of no relation otherwise.
pub fn returned_relation(routine: &Routine) -> QualifiedIdentifier {
    let returned = routine.returned_relation();
    let name = returned.map_or(&routine.name, |relation| &relation.name);
    QualifiedIdentifier::new(routine.schema.clone(), name)
}

/// Plans the call. `names` are those of the arguments that were given.
pub fn call_plan(
    request: &ApiRequest,
    routine: &Routine,
    names: &BTreeSet<String>,
    invocation: Invocation,
    read: &ReadPlan,
) -> CallPlan {
    let params = match &routine.params[..] {
        [only] if only.name.is_empty() => CallParams::Positional(only.clone()),
        params => {
            let given = params.iter().filter(|p| names.contains(&p.name));
            CallParams::Named(given.cloned().collect())
        }
    };
    CallPlan {
        routine: QualifiedIdentifier::new(routine.schema.clone(), routine.name.clone()),
        params,
        args: call_args(request, routine, invocation),
        returns_scalar: routine.returns_scalar(),
        returns_set_of_scalar: routine.returns_set_of_scalar(),
        filter_fields: returning::filter_columns(read),
        returning: returning::columns(read, &[]),
    }
}

fn call_args(request: &ApiRequest, routine: &Routine, invocation: Invocation) -> CallArgs {
    match (invocation, &request.payload) {
        (Invocation::Read { .. }, _) => {
            CallArgs::Direct(direct_args(routine, &request.query.rpc_params))
        }
        (Invocation::Post, Some(Payload::Form { fields })) => {
            CallArgs::Direct(direct_args(routine, fields))
        }
        (Invocation::Post, _) => CallArgs::Body(body(request)),
    }
}

/// Repeats of a variadic argument are collected, of any other the last one counts.
fn direct_args(routine: &Routine, given: &[(String, String)]) -> IndexMap<String, ArgValue> {
    let is_variadic = |name: &str| {
        let mut params = routine.params.iter();
        params.any(|p| p.variadic && p.name == name)
    };
    let mut args = IndexMap::with_capacity(given.len());
    for (name, value) in given {
        let value = value.clone();
        match args.entry(name.clone()) {
            Entry::Occupied(mut entry) => match entry.get_mut() {
                ArgValue::Variadic(values) => values.push(value),
                ArgValue::Fixed(last) => *last = value,
            },
            Entry::Vacant(entry) if is_variadic(name) => {
                entry.insert(ArgValue::Variadic(vec![value]));
            }
            Entry::Vacant(entry) => {
                entry.insert(ArgValue::Fixed(value));
            }
        }
    }
    args
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Given, embed, field, routine, variadic};
    use super::super::{AccessMode, ActionPlan, CrudKind, CrudPlan};
    use super::*;
    use crate::pg::ident::QualifiedIdentifier;
    use crate::rest::api_request::media_type::MediaType;
    use crate::schema_cache::routine::{PgType, ReturnType, Volatility};

    const READ: Invocation = Invocation::Read {
        headers_only: false,
    };

    fn planned(given: &Given) -> (CrudPlan, CallPlan) {
        let ActionPlan::Crud(crud) = given.action_plan().unwrap() else {
            panic!("not a call")
        };
        match &crud.kind {
            CrudKind::Call { plan, .. } => (*crud.clone(), plan.clone()),
            other => panic!("not a call: {other:?}"),
        }
    }

    fn fixed(value: &str) -> ArgValue {
        ArgValue::Fixed(value.into())
    }

    #[test]
    fn query_string_arguments_keep_the_last_repeat() {
        let given = Given::call(routine("f", &["a:integer", "b:text?"]), READ)
            .args(&[("a", "1"), ("a", "2")]);
        let (_, call) = planned(&given);
        assert_eq!(
            call.args,
            CallArgs::Direct(IndexMap::from([("a".to_owned(), fixed("2"))]))
        );
        let CallParams::Named(params) = call.params else {
            panic!("not named")
        };
        assert_eq!(params.len(), 1);
    }

    #[test]
    fn repeats_of_a_variadic_argument_are_collected() {
        let given = Given::call(variadic("f", "v"), READ).args(&[("v", "1"), ("v", "2")]);
        assert_eq!(
            planned(&given).1.args,
            CallArgs::Direct(IndexMap::from([(
                "v".to_owned(),
                ArgValue::Variadic(vec!["1".into(), "2".into()])
            )]))
        );
    }

    #[test]
    fn forms_are_direct_arguments_and_json_is_a_body() {
        let mut given = Given::call(routine("f", &["a:integer"]), Invocation::Post);
        given.request.columns.insert("a".into());
        given.request.content_type = MediaType::UrlEncoded;
        let fields = vec![("a".into(), "1".into())];
        given.request.payload = Some(Payload::Form { fields });
        assert_eq!(
            planned(&given).1.args,
            CallArgs::Direct(IndexMap::from([("a".to_owned(), fixed("1"))]))
        );
        given.request.content_type = MediaType::ApplicationJson;
        let CallArgs::Body(Some(body)) = planned(&given.json(r#"{"a":1}"#, &["a"])).1.args else {
            panic!("not a body")
        };
        assert!(body.is_object);
    }

    #[test]
    fn an_unnamed_parameter_is_positional() {
        let given = Given::call(routine("f", &[":json"]), Invocation::Post);
        let (_, call) = planned(&given.json(r#"{"x":1}"#, &["x"]));
        assert!(matches!(call.params, CallParams::Positional(_)));
    }

    #[test]
    fn only_a_posted_volatile_routine_writes() {
        for (invocation, volatility, expected) in [
            (READ, Volatility::Volatile, AccessMode::Read),
            (Invocation::Post, Volatility::Volatile, AccessMode::Write),
            (Invocation::Post, Volatility::Stable, AccessMode::Read),
            (Invocation::Post, Volatility::Immutable, AccessMode::Read),
        ] {
            let mut f = routine("f", &[]);
            f.volatility = volatility;
            let (crud, _) = planned(&Given::call(f, invocation));
            assert_eq!(crud.access_mode, expected);
        }
    }

    #[test]
    fn rows_of_a_relation_can_embed_and_be_filtered() {
        let mut f = routine("get_projects", &[]);
        f.return_type = ReturnType::SetOf(PgType::Composite {
            name: QualifiedIdentifier::new("test", "projects"),
            is_alias: false,
        });
        let given = Given::call(f, READ)
            .select(vec![field("name"), embed("clients", vec![field("name")])])
            .filter(&[], "id", "eq.1");
        let (crud, call) = planned(&given);
        assert_eq!(call.returning, ["client_id", "name"]);
        assert_eq!(call.filter_fields, ["id"]);
        assert_eq!(crud.read.from.name, "pgrst_source");
        assert_eq!(crud.read.from_alias.as_deref(), Some("projects"));
        let join = &crud.read.children[0].join_conditions[0];
        assert_eq!(join.right.0, QualifiedIdentifier::unqualified("projects"));
    }
}
