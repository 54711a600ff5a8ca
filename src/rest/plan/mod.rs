//! Stage 2: the request resolved against the schema cache. Pure.
//!
//! In: an [`ApiRequest`], the [`SchemaCache`] and the [`RestConfig`]. Out: an [`ActionPlan`], from
//! which the query stage writes SQL without looking anything up.
//!
//! [`read`] lists the passes that make the read plan; [`mutate`] and [`call`] plan the statement
//! that produces rows; [`negotiate`] chooses who makes the body.
//! Source: <https://docs.postgrest.org/en/stable/references/api.html>.

mod alias;
mod attach;
mod call;
mod coercible;
mod embed;
mod faults;
mod initialise;
mod join;
mod mutate;
mod negotiate;
mod old_face;
mod range;
mod read;
mod related;
mod relation_select;
mod returning;
mod routine;
mod spread;
mod star;
#[cfg(test)]
pub(crate) mod testing;
pub mod types;

pub use faults::table_not_found;
pub use types::*;

use std::collections::BTreeSet;

use crate::config::RestConfig;
use crate::error::{Error, codes};
use crate::pg::ident::QualifiedIdentifier;
use crate::rest::api_request::media_type::MediaType;
use crate::rest::api_request::preferences::Handling;
use crate::rest::api_request::{Action, ApiRequest, Invocation, Mutation};
use crate::schema_cache::SchemaCache;
use crate::schema_cache::routine::{Routine, Volatility};

/// What every planning function looks at.
#[derive(Clone, Copy)]
struct Context<'a> {
    request: &'a ApiRequest,
    cache: &'a SchemaCache,
    config: &'a RestConfig,
}

/// Resolves a request.
///
/// # Errors
/// `PGRST100` (embedding too deep), `PGRST105`, `PGRST107`, `PGRST108`, `PGRST118`, `PGRST122`,
/// `PGRST123`, `PGRST127`, `PGRST128`, and `PGRST200` to `PGRST205`.
pub fn action_plan(
    request: &ApiRequest,
    cache: &SchemaCache,
    config: &RestConfig,
) -> Result<ActionPlan, Error> {
    let context = Context {
        request,
        cache,
        config,
    };
    let crud = match &request.action {
        Action::RelationRead {
            relation,
            headers_only,
        } => plan_read(context, relation, *headers_only)?,
        Action::RelationMutate { relation, mutation } => {
            plan_mutation(context, relation, *mutation)?
        }
        Action::RoutineCall {
            routine,
            invocation,
        } => plan_call(context, routine, *invocation)?,
        Action::SchemaRead {
            schema,
            headers_only,
        } => {
            return Ok(ActionPlan::Inspect {
                schema: schema.clone(),
                headers_only: *headers_only,
                media_type: negotiate::root_document(&request.accept)?,
            });
        }
        Action::RelationInfo { relation } => return Ok(ActionPlan::RelationInfo(relation.clone())),
        Action::RoutineInfo { routine } => {
            let names = rpc_param_names(request);
            let found = routine::find(cache, routine, &names, &request.content_type, false)?;
            return Ok(ActionPlan::RoutineInfo(Box::new(found.clone())));
        }
        Action::SchemaInfo => return Ok(ActionPlan::SchemaInfo),
    };
    Ok(ActionPlan::Crud(Box::new(crud)))
}

/// Aliased embeds that the request addresses by their target's name, as (target, alias), outer
/// levels first. Deprecated under `url-use-legacy-target-names`; worth a warning in the log.
pub fn legacy_target_names(plan: &ActionPlan) -> Vec<(&str, &str)> {
    fn collect<'p>(plan: &'p ReadPlan, found: &mut Vec<(&'p str, &'p str)>) {
        if let (true, Some(alias)) = (plan.matched_by_target_name, &plan.alias) {
            found.push((&plan.relation_name, alias));
        }
        for child in &plan.children {
            collect(child, found);
        }
    }
    let mut found = Vec::new();
    if let ActionPlan::Crud(crud) = plan {
        collect(&crud.read, &mut found);
    }
    found
}

fn plan_read(
    context: Context,
    relation: &QualifiedIdentifier,
    headers_only: bool,
) -> Result<CrudPlan, Error> {
    require_table(context.cache, relation)?;
    let read = read::read_plan(context, relation)?;
    let (handler, media_type) = negotiate::handler(context, relation, &read)?;
    refuse_unknown_preferences(context.request)?;
    Ok(CrudPlan {
        kind: CrudKind::Read { headers_only },
        read,
        access_mode: AccessMode::Read,
        is_explain: is_explain(&media_type),
        handler,
        media_type,
        target: relation.clone(),
    })
}

fn plan_mutation(
    context: Context,
    relation: &QualifiedIdentifier,
    mutation: Mutation,
) -> Result<CrudPlan, Error> {
    let table = require_table(context.cache, relation)?;
    let read = read::read_plan(context, relation)?;
    let plan = mutate::mutate_plan(context, relation, table, mutation, &read)?;
    refuse_unknown_preferences(context.request)?;
    let (handler, media_type) = negotiate::handler(context, relation, &read)?;
    Ok(CrudPlan {
        kind: CrudKind::Mutate { plan, mutation },
        read,
        access_mode: AccessMode::Write,
        is_explain: is_explain(&media_type),
        handler,
        media_type,
        target: relation.clone(),
    })
}

fn plan_call(
    context: Context,
    target: &QualifiedIdentifier,
    invocation: Invocation,
) -> Result<CrudPlan, Error> {
    let request = context.request;
    let is_post = invocation == Invocation::Post;
    let names = if is_post {
        request.columns.clone()
    } else {
        rpc_param_names(request)
    };
    let routine = routine::find(
        context.cache,
        target,
        &names,
        &request.content_type,
        is_post,
    )?;
    let relation = call::returned_relation(routine);
    let read = read::read_plan(context, &relation)?;
    let plan = call::call_plan(request, routine, &names, invocation, &read);
    let (handler, media_type) = negotiate::handler(context, &relation, &read)?;
    refuse_unknown_preferences(request)?;
    refuse_max_affected_of_single(request, routine)?;
    let access_mode = if is_post && routine.volatility == Volatility::Volatile {
        AccessMode::Write
    } else {
        AccessMode::Read
    };
    Ok(CrudPlan {
        kind: CrudKind::Call {
            plan,
            routine: routine.clone(),
            invocation,
        },
        read,
        access_mode,
        is_explain: is_explain(&media_type),
        handler,
        media_type,
        target: target.clone(),
    })
}

fn rpc_param_names(request: &ApiRequest) -> BTreeSet<String> {
    let params = &request.query.rpc_params;
    params.iter().map(|(name, _)| name.clone()).collect()
}

fn require_table<'a>(
    cache: &'a SchemaCache,
    relation: &QualifiedIdentifier,
) -> Result<&'a crate::schema_cache::table::Table, Error> {
    cache
        .tables
        .get(relation)
        .map(|table| &**table)
        .ok_or_else(|| faults::table_not_found(cache, relation))
}

fn refuse_unknown_preferences(request: &ApiRequest) -> Result<(), Error> {
    let preferences = &request.preferences;
    if preferences.invalid.is_empty() || preferences.handling != Some(Handling::Strict) {
        return Ok(());
    }
    let details = format!("Invalid preferences: {}", preferences.invalid.join(", "));
    Err(Error::new(
        &codes::PGRST122,
        "Invalid preferences given with handling=strict",
    )
    .details(details))
}

fn refuse_max_affected_of_single(request: &ApiRequest, routine: &Routine) -> Result<(), Error> {
    let preferences = &request.preferences;
    let is_strict = preferences.handling == Some(Handling::Strict);
    if is_strict && preferences.max_affected.is_some() && routine.returns_single() {
        return Err(Error::new(
            &codes::PGRST128,
            "Function must return SETOF or TABLE when max-affected preference is used with \
             handling=strict",
        ));
    }
    Ok(())
}

fn is_explain(media_type: &MediaType) -> bool {
    matches!(media_type, MediaType::Plan { .. })
}

#[cfg(test)]
mod tests {
    use super::testing::{Given, embed, field, routine, test};
    use super::*;
    use crate::schema_cache::routine::{PgType, ReturnType};

    const READ: Invocation = Invocation::Read {
        headers_only: false,
    };

    #[test]
    fn unknown_relations_are_refused_with_the_nearest_name() {
        let near = Some("Perhaps you meant the table 'test.projects'");
        for (name, hint) in [("projectx", near), ("zzzzzzzz", None)] {
            for given in [
                Given::read(name),
                Given::read(name).mutate(Mutation::Create),
            ] {
                let error = given.action_plan().unwrap_err();
                let fault = error.fault();
                assert_eq!((&*fault.code, fault.status), ("PGRST205", 404));
                assert_eq!(
                    fault.message,
                    format!("Could not find the table 'test.{name}' in the schema cache")
                );
                assert_eq!(fault.hint.as_deref(), hint);
                assert_eq!(fault.details, None);
            }
        }
    }

    #[test]
    fn unknown_preferences_are_refused_when_handling_is_strict() {
        for given in [
            Given::read("projects"),
            Given::read("projects").mutate(Mutation::Delete),
            Given::call(routine("f", &[]), READ),
        ] {
            let mut given = given;
            given.request.preferences.invalid = vec!["something".into(), "else".into()];
            given.request.preferences.handling = Some(Handling::Lenient);
            assert!(given.action_plan().is_ok());
            given.request.preferences.handling = Some(Handling::Strict);
            let error = given.action_plan().unwrap_err();
            let fault = error.fault();
            assert_eq!((&*fault.code, fault.status), ("PGRST122", 400));
            assert_eq!(
                fault.message,
                "Invalid preferences given with handling=strict"
            );
            assert_eq!(
                fault.details,
                Some("Invalid preferences: something, else".into())
            );
        }
    }

    #[test]
    fn max_affected_needs_a_set() {
        let call = |return_type: ReturnType| {
            let mut f = routine("f", &[]);
            f.return_type = return_type;
            let mut given = Given::call(f, Invocation::Post);
            given.request.preferences.max_affected = Some(1);
            given.request.preferences.handling = Some(Handling::Strict);
            given
        };
        let scalar = PgType::Scalar(QualifiedIdentifier::new("pg_catalog", "int4"));
        assert!(
            call(ReturnType::SetOf(scalar.clone()))
                .action_plan()
                .is_ok()
        );
        let mut given = call(ReturnType::Single(scalar));
        let error = given.action_plan().unwrap_err();
        let fault = error.fault();
        assert_eq!((&*fault.code, fault.status), ("PGRST128", 400));
        assert_eq!(
            fault.message,
            "Function must return SETOF or TABLE when max-affected preference is used with \
             handling=strict"
        );
        given.request.preferences.handling = None;
        assert!(given.action_plan().is_ok());
    }

    #[test]
    fn options_need_no_rows() {
        let mut given = Given::call(routine("f", &["a:integer?"]), READ);
        given.request.action = Action::RoutineInfo { routine: test("f") };
        assert!(matches!(
            given.action_plan().unwrap(),
            ActionPlan::RoutineInfo(f) if f.name == "f"
        ));
        given.request.action = Action::RoutineInfo {
            routine: test("nope"),
        };
        assert_eq!(given.action_plan().unwrap_err().code(), "PGRST202");
        given.request.action = Action::RelationInfo {
            relation: test("anything"),
        };
        assert_eq!(
            given.action_plan().unwrap(),
            ActionPlan::RelationInfo(test("anything"))
        );
        given.request.action = Action::SchemaInfo;
        assert_eq!(given.action_plan().unwrap(), ActionPlan::SchemaInfo);
    }

    #[test]
    fn embeds_addressed_by_their_target_are_reported() {
        let tasks = embed("t:tasks", vec![field("id")]);
        let given = Given::read("clients")
            .select(vec![embed("projects", vec![tasks])])
            .filter(&["projects", "tasks"], "id", "eq.1");
        let plan = given.action_plan().unwrap();
        assert_eq!(legacy_target_names(&plan), [("tasks", "t")]);
    }
}
