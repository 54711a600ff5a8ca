//! Second pass: filters, orders, ranges and logic trees go to the level that they name.
//!
//! In: the parsed query string, where each item carries the path of its level (`tasks.users.id`).
//! Out: the items on their levels, types still unknown.
//!
//! A write applies root filters in its own statement (see [`super::mutate`]) and ignores limits.
//! Source: <https://docs.postgrest.org/en/stable/references/api/resource_embedding.html#embedded-filters>.

use crate::error::Error;
use crate::rest::api_request::filter::Filter;
use crate::rest::api_request::logic::LogicTree;
use crate::rest::api_request::order::OrderTerm;
use crate::rest::api_request::{Action, ApiRequest};

use super::faults;
use super::types::{
    CoercibleField, CoercibleFilter, CoercibleLogicTree, CoercibleOrderTerm, ReadPlan,
};

/// Attaches everything of the query string that narrows or orders rows.
///
/// `by_target_name` is `url-use-legacy-target-names`: an aliased embed answers to its target's name
/// too.
///
/// # Errors
/// `PGRST108` when a path names no embed.
pub fn query_string(
    plan: &mut ReadPlan,
    request: &ApiRequest,
    by_target_name: bool,
) -> Result<(), Error> {
    let is_mutation = matches!(request.action, Action::RelationMutate { .. });
    let query = &request.query;

    for (path, filter) in &query.filters {
        if !(is_mutation && path.is_empty()) {
            let tree = CoercibleLogicTree::Statement(unresolved_filter(filter));
            level_at(plan, path, by_target_name)?.where_.push(tree);
        }
    }
    // When a level is ordered twice, the first order counts.
    for (path, terms) in query.order.iter().rev() {
        level_at(plan, path, by_target_name)?.order = terms.iter().map(unresolved_order).collect();
    }
    if !is_mutation {
        let mut ranges: Vec<_> = query.ranges.iter().collect();
        ranges.sort_by_key(|(path, _)| *path);
        for (path, range) in ranges {
            level_at(plan, path, by_target_name)?.range = *range;
        }
        // The root's also takes the Range header into account.
        plan.range = request.top_level_range;
    }
    for (path, tree) in &query.logic {
        if !(is_mutation && path.is_empty()) {
            let tree = unresolved_logic(tree);
            level_at(plan, path, by_target_name)?.where_.push(tree);
        }
    }
    Ok(())
}

/// A filter with its field's type unknown.
pub fn unresolved_filter(filter: &Filter) -> CoercibleFilter {
    CoercibleFilter::Condition {
        field: CoercibleField::unknown(filter.field.name.clone(), filter.field.json_path.clone()),
        condition: filter.condition.clone(),
    }
}

/// A logic tree with its fields' types unknown.
pub fn unresolved_logic(tree: &LogicTree) -> CoercibleLogicTree {
    match tree {
        LogicTree::Expression {
            negated,
            operator,
            branches,
        } => CoercibleLogicTree::Expression {
            negated: *negated,
            operator: *operator,
            branches: branches.iter().map(unresolved_logic).collect(),
        },
        LogicTree::Statement(filter) => CoercibleLogicTree::Statement(unresolved_filter(filter)),
    }
}

fn unresolved_order(term: &OrderTerm) -> CoercibleOrderTerm {
    let OrderTerm {
        relation,
        field,
        direction,
        nulls,
    } = term.clone();
    match relation {
        Some(relation) => CoercibleOrderTerm::Relation {
            relation,
            field,
            direction,
            nulls,
        },
        None => CoercibleOrderTerm::Field {
            field: CoercibleField::unknown(field.name, field.json_path),
            direction,
            nulls,
        },
    }
}

/// The name under which a level's siblings and parent know it.
pub fn visible_name(level: &ReadPlan) -> &str {
    level.alias.as_deref().unwrap_or(&level.relation_name)
}

fn level_at<'p>(
    plan: &'p mut ReadPlan,
    path: &[String],
    by_target_name: bool,
) -> Result<&'p mut ReadPlan, Error> {
    let mut level = plan;
    for name in path {
        let found = level.children.iter().position(|child| {
            visible_name(child) == name || (by_target_name && child.relation_name == *name)
        });
        let Some(index) = found else {
            let aliased = level.children.iter().find(|c| c.relation_name == *name);
            let alias = aliased.and_then(|c| c.alias.as_deref());
            return Err(match alias {
                Some(alias) => faults::named_by_target(name, alias),
                None => faults::not_embedded(name),
            });
        };
        level = &mut level.children[index];
        if visible_name(level) != name {
            level.matched_by_target_name = true;
        }
    }
    Ok(level)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Given, condition_fields, embed, field};
    use super::*;
    use crate::rest::api_request::Mutation;
    use crate::rest::api_request::range::RowRange;

    fn projects() -> Given {
        Given::read("projects").select(vec![
            field("id"),
            embed("c:clients", vec![field("name")]),
            embed("tasks", vec![field("id")]),
        ])
    }

    fn attached(given: &Given, by_target_name: bool) -> Result<ReadPlan, Error> {
        let request = &given.request;
        let mut plan = super::super::initialise::tree(&given.root, &request.query.select)?;
        query_string(&mut plan, request, by_target_name).map(|()| plan)
    }

    #[test]
    fn items_reach_the_level_they_name() {
        let given = projects()
            .filter(&[], "id", "eq.1")
            .filter(&["tasks"], "name", "eq.x")
            .any_of(&["tasks"], &["a", "b"])
            .order(&["tasks"], &["name"])
            .limit(&["tasks"], 5)
            .limit(&[], 7);
        let plan = attached(&given, false).unwrap();
        let tasks = &plan.children[1];
        assert_eq!(condition_fields(&plan.where_), ["id"]);
        assert_eq!(condition_fields(&tasks.where_), ["name", "a", "b"]);
        assert_eq!(tasks.order.len(), 1);
        assert_eq!((plan.range.limit, tasks.range.limit), (Some(7), Some(5)));
    }

    #[test]
    fn writes_keep_root_filters_and_limits_out_of_the_read() {
        let given = projects()
            .mutate(Mutation::Update)
            .filter(&[], "id", "eq.1")
            .any_of(&[], &["a", "b"])
            .filter(&["tasks"], "name", "eq.x")
            .limit(&["tasks"], 5);
        let plan = attached(&given, false).unwrap();
        assert!(plan.where_.is_empty());
        assert_eq!(condition_fields(&plan.children[1].where_), ["name"]);
        assert_eq!(plan.children[1].range, RowRange::ALL);
    }

    #[test]
    fn unknown_levels_are_refused() {
        let error = attached(&projects().filter(&["nope"], "id", "eq.1"), true).unwrap_err();
        let fault = error.fault();
        assert_eq!((&*fault.code, fault.status), ("PGRST108", 400));
        assert_eq!(
            fault.message,
            "'nope' is not an embedded resource in this request"
        );
        assert_eq!(fault.details, None);
        assert_eq!(
            fault.hint.as_deref(),
            Some("Verify that 'nope' is included in the 'select' query parameter.")
        );
    }

    #[test]
    fn target_names_of_aliased_embeds_are_marked_or_refused() {
        let given = projects().filter(&["clients"], "name", "eq.x");
        let plan = attached(&given, true).unwrap();
        assert!(plan.children[0].matched_by_target_name);
        assert!(!plan.children[1].matched_by_target_name);

        let error = attached(&given, false).unwrap_err();
        let fault = error.fault();
        assert_eq!(
            fault.message,
            "'clients' is not an embedded resource in this request"
        );
        assert_eq!(
            fault.details,
            Some("Target names are not allowed in filters if they have an alias".into())
        );
        assert_eq!(
            fault.hint.as_deref(),
            Some("Change 'clients' to 'c' in filters, orders or limits.")
        );
    }
}
