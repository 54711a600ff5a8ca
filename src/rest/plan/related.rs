//! Seventh and eighth pass: what the parent asks of its embeds.
//!
//! In: orders such as `order=clients(name)` and filters such as `clients=not.is.null`, which name an
//! embed of the same level. Out: the same, naming the embed's join.
//! Source: <https://docs.postgrest.org/en/stable/references/api/resource_embedding.html#top-level-ordering>,
//! <https://docs.postgrest.org/en/stable/references/api/resource_embedding.html#null-filtering-on-embedded-resources>.

use crate::error::Error;
use crate::rest::api_request::filter::{IsValue, Operation};
use crate::schema_cache::relationship::Relationship;

use super::attach::visible_name;
use super::faults;
use super::types::{CoercibleFilter, CoercibleLogicTree, CoercibleOrderTerm, ReadPlan};

/// Points orders by an embed's column at the embed.
///
/// # Errors
/// `PGRST108` when there is no such embed, `PGRST118` when it is to-many.
pub fn resolve_orders(plan: &mut ReadPlan) -> Result<(), Error> {
    for term in &mut plan.order {
        let CoercibleOrderTerm::Relation { relation, .. } = term else {
            continue;
        };
        let found = child_named(&plan.children, relation);
        let child = found.ok_or_else(|| faults::not_embedded(relation))?;
        let relationship = child.relation_to_parent.as_ref();
        if !relationship.is_some_and(Relationship::is_to_one) {
            let origin = relationship.map_or(&plan.relation_name, |r| &r.table().name);
            return Err(faults::related_order_not_to_one(
                origin,
                visible_name(child),
            ));
        }
        relation.clone_from(&child.aggregate_alias);
    }
    plan.children.iter_mut().try_for_each(resolve_orders)
}

/// Turns `embed=is.null` and `embed=not.is.null` into tests of the join. Any other filter of that
/// name is left to be a filter on a column.
pub fn resolve_null_filters(plan: &mut ReadPlan) {
    for tree in &mut plan.where_ {
        resolve_null_filter(tree, &plan.children);
    }
    for child in &mut plan.children {
        resolve_null_filters(child);
    }
}

fn resolve_null_filter(tree: &mut CoercibleLogicTree, children: &[ReadPlan]) {
    match tree {
        CoercibleLogicTree::Expression { branches, .. } => {
            for branch in branches {
                resolve_null_filter(branch, children);
            }
        }
        CoercibleLogicTree::Statement(filter) => {
            if let Some(resolved) = null_embed(filter, children) {
                *filter = resolved;
            }
        }
    }
}

fn null_embed(filter: &CoercibleFilter, children: &[ReadPlan]) -> Option<CoercibleFilter> {
    let CoercibleFilter::Condition { field, condition } = filter else {
        return None;
    };
    let tests_null = condition.operation == Operation::Is(IsValue::Null);
    if !tests_null || !field.json_path.is_empty() {
        return None;
    }
    let child = child_named(children, &field.name)?;
    Some(CoercibleFilter::NullEmbed {
        negated: condition.negated,
        aggregate_alias: child.aggregate_alias.clone(),
    })
}

fn child_named<'p>(children: &'p [ReadPlan], name: &str) -> Option<&'p ReadPlan> {
    children.iter().find(|child| visible_name(child) == name)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Given, condition_fields, embed, field};
    use super::*;

    fn projects() -> Given {
        let clients = embed("c:clients", vec![field("name")]);
        Given::read("projects").select(vec![field("id"), clients])
    }

    #[test]
    fn orders_name_the_join() {
        let given = projects().order(&[], &["c(name)", "id"]);
        let plan = given.read_plan().unwrap();
        let CoercibleOrderTerm::Relation {
            relation, field, ..
        } = &plan.order[0]
        else {
            panic!("not a related order: {:?}", plan.order)
        };
        assert_eq!((&**relation, &*field.name), ("projects_c_1", "name"));
    }

    #[test]
    fn orders_need_an_embed_that_is_to_one() {
        let error = projects().order(&[], &["clients(name)"]).read_plan();
        let error = error.unwrap_err();
        assert_eq!(error.code(), "PGRST108");
        assert_eq!(
            error.fault().hint.as_deref(),
            Some("Verify that 'clients' is included in the 'select' query parameter.")
        );

        let given = Given::read("clients")
            .select(vec![embed("projects", vec![field("id")])])
            .order(&[], &["projects(id)"]);
        let error = given.read_plan().unwrap_err();
        let fault = error.fault();
        assert_eq!((&*fault.code, fault.status), ("PGRST118", 400));
        assert_eq!(
            fault.message,
            "A related order on 'projects' is not possible"
        );
        assert_eq!(
            fault.details,
            Some(
                "'clients' and 'projects' do not form a many-to-one or one-to-one relationship"
                    .into()
            )
        );
        assert_eq!(fault.hint, None);
    }

    #[test]
    fn null_filters_test_the_join_also_inside_logic_trees() {
        let given = projects()
            .filter(&[], "c", "not.is.null")
            .any_null(&[], &["c", "id"]);
        let plan = given.read_plan().unwrap();
        let join = |negated| {
            CoercibleLogicTree::Statement(CoercibleFilter::NullEmbed {
                negated,
                aggregate_alias: "projects_c_1".into(),
            })
        };
        assert_eq!(plan.where_[0], join(true));
        let CoercibleLogicTree::Expression { branches, .. } = &plan.where_[1] else {
            panic!("not a tree: {:?}", plan.where_)
        };
        assert_eq!(branches[0], join(false));
        assert_eq!(condition_fields(&branches[1..]), ["id"]);
    }

    #[test]
    fn other_filters_and_other_names_are_columns() {
        for (name, filter) in [("c", "eq.1"), ("c", "is.true"), ("clients", "is.null")] {
            let plan = projects().filter(&[], name, filter).read_plan().unwrap();
            assert_eq!(condition_fields(&plan.where_), [name]);
        }
    }
}
