//! The read plan: the request's select tree, enriched pass by pass.
//!
//! In: the parsed query string and the relation (or a routine's result) that is the root. Out: the
//! finished tree. Each pass is one function over the whole tree; their order is stated here only.
//! Source: <https://docs.postgrest.org/en/stable/references/api/resource_embedding.html>.

use crate::error::Error;
use crate::pg::ident::QualifiedIdentifier;
use crate::rest::api_request::Action;

use super::types::ReadPlan;
use super::{
    Context, alias, attach, coercible, embed, initialise, range, related, relation_select, spread,
    star,
};

/// Plans what is selected from `root`, be it the relation itself or the CTE of a write or call.
///
/// # Errors
/// Those of the passes: `PGRST100`, `PGRST108`, `PGRST118`, `PGRST123`, `PGRST127`, `PGRST200`,
/// `PGRST201`.
pub fn read_plan(context: Context, root: &QualifiedIdentifier) -> Result<ReadPlan, Error> {
    let Context {
        request,
        cache,
        config,
    } = context;
    let is_mutation = matches!(request.action, Action::RelationMutate { .. });
    let reads_cte = is_mutation || matches!(request.action, Action::RoutineCall { .. });

    let mut plan = initialise::tree(root, &request.query.select)?;
    attach::query_string(&mut plan, request, config.use_legacy_target_names)?;
    embed::find_relationships(&mut plan, root, reads_cte, cache)?;
    coercible::resolve_fields(&mut plan, root, cache);
    star::expand(&mut plan, root, cache);
    alias::name_fields(&mut plan);
    related::resolve_orders(&mut plan)?;
    related::resolve_null_filters(&mut plan);
    relation_select::fill(&mut plan);
    spread::check_aggregates(&plan, config.aggregates_enabled)?;
    spread::hoist_aggregates(&mut plan);
    spread::order_inside_arrays(&mut plan)?;
    if !is_mutation {
        range::restrict(&mut plan, config.max_rows);
    }
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::super::testing::{Given, count, embed, field, spread, sum};
    use super::super::types::{RelationSelectField, SpreadKind};
    use super::*;
    use crate::rest::api_request::Mutation;
    use crate::rest::api_request::select::SelectItem;

    /// Trees of selects in which most embeds exist.
    fn selects() -> impl Strategy<Value = Vec<SelectItem>> {
        let leaf = prop_oneof![
            Just(field("*")),
            Just(field("id")),
            Just(field("n:name->0->>a")),
            Just(count()),
            Just(sum("id")),
        ];
        let item = leaf.prop_recursive(4, 24, 4, |inner| {
            let target = prop::sample::select(vec![
                "clients",
                "projects",
                "tasks",
                "t:tasks!inner",
                "users",
                "computed_tasks",
                "project_id",
                "organizations!parent",
                "parent",
                "nope",
            ]);
            let select = prop::collection::vec(inner, 0..4);
            (target, select, any::<bool>()).prop_map(|(target, select, is_spread)| {
                match target.split_once(':') {
                    None if is_spread => spread(target, select),
                    _ => embed(target, select),
                }
            })
        });
        prop::collection::vec(item, 0..4)
    }

    fn check_level(plan: &ReadPlan, parent_is_root: bool) -> Result<(), TestCaseError> {
        prop_assert_eq!(plan.relation_to_parent.is_none(), parent_is_root);
        prop_assert_eq!(plan.relation_select.len(), plan.children.len());
        let mut aliases = HashSet::new();
        for (child, filled) in plan.children.iter().zip(&plan.relation_select) {
            prop_assert_eq!(child.depth, plan.depth + 1);
            prop_assert!(aliases.insert(&child.aggregate_alias));
            let (alias, is_spread) = match filled {
                RelationSelectField::JsonEmbed {
                    aggregate_alias, ..
                } => (aggregate_alias, false),
                RelationSelectField::Spread {
                    aggregate_alias, ..
                } => (aggregate_alias, true),
            };
            prop_assert_eq!(alias, &child.aggregate_alias);
            prop_assert_eq!(is_spread, child.spread.is_some());
            if child.spread == Some(SpreadKind::ToOne) {
                prop_assert!(child.select.iter().all(|item| item.aggregate.is_none()));
            }
            check_level(child, false)?;
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn every_plan_is_coherent(
            select in selects(),
            relation in prop::sample::select(vec!["clients", "projects", "tasks", "organizations"]),
            is_mutation in any::<bool>(),
        ) {
            let mut given = Given::read(relation).select(select).aggregates();
            if is_mutation {
                given = given.mutate(Mutation::Create);
            }
            match given.read_plan() {
                Ok(plan) => check_level(&plan, true)?,
                Err(error) => prop_assert!(
                    ["PGRST200", "PGRST201", "PGRST127"].contains(&error.code()),
                    "{error}"
                ),
            }
        }
    }
}
