//! Last passes: aggregates, in spreads above all, and the order of to-many spreads.
//!
//! In: the tree with the fields that each embed fills. Out: the same, where
//! - an aggregate in a to-one spread is computed by the first level around it that is no such
//!   spread, grouped by what that level selects (there, its rows are more than one),
//! - a to-many spread is ordered inside the arrays that it makes.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/aggregate_functions.html>.

use crate::error::{Error, codes};
use crate::rest::api_request::select::AggregateFunction;

use super::join::bounded;
use super::types::{
    CoercibleField, CoercibleOrderTerm, CoercibleSelectField, ReadPlan, RelationSelectField,
    SpreadKind, SpreadSelectField,
};

/// Refuses aggregates unless `db-aggregates-enabled`.
///
/// # Errors
/// `PGRST123`.
pub fn check_aggregates(plan: &ReadPlan, enabled: bool) -> Result<(), Error> {
    if !enabled && plan.select.iter().any(|item| item.aggregate.is_some()) {
        return Err(Error::new(
            &codes::PGRST123,
            "Use of aggregate functions is not allowed",
        ));
    }
    let mut children = plan.children.iter();
    children.try_for_each(|child| check_aggregates(child, enabled))
}

/// An aggregate on its way to the level that computes it.
#[derive(Clone)]
struct Hoisted {
    /// Name under which the spread lifts the field.
    name: String,
    function: AggregateFunction,
    cast: Option<String>,
    alias: Option<String>,
}

/// Moves aggregates out of to-one spreads.
pub fn hoist_aggregates(plan: &mut ReadPlan) {
    hoist_level(plan);
}

fn hoist_level(plan: &mut ReadPlan) -> Vec<Hoisted> {
    let is_to_one_spread = plan.spread == Some(SpreadKind::ToOne);
    let mut out = Vec::new();
    if is_to_one_spread {
        out.extend(plan.select.iter_mut().filter_map(take_aggregate));
    }
    // The fields that a level's embeds fill are in the order of its children.
    for (child, field) in plan.children.iter_mut().zip(&mut plan.relation_select) {
        let hoisted = hoist_level(child);
        if is_to_one_spread {
            out.extend(hoisted);
        } else if let RelationSelectField::Spread { fields, .. } = field {
            for lifted in fields {
                aggregate_lifted(lifted, &hoisted);
            }
        }
    }
    out
}

fn take_aggregate(item: &mut CoercibleSelectField) -> Option<Hoisted> {
    let function = item.aggregate.take()?;
    Some(Hoisted {
        name: item.alias.as_ref().unwrap_or(&item.field.name).clone(),
        function,
        cast: item.aggregate_cast.take(),
        alias: item.alias.clone(),
    })
}

fn aggregate_lifted(lifted: &mut SpreadSelectField, hoisted: &[Hoisted]) {
    if let Some(found) = hoisted.iter().find(|h| h.name == lifted.name) {
        lifted.aggregate = Some(found.function);
        lifted.aggregate_cast.clone_from(&found.cast);
        lifted.alias.clone_from(&found.alias);
    }
}

/// Moves the order of to-many spreads into their arrays. What they are ordered by is selected under
/// a name of its own, since it is out of reach once the rows are aggregated.
///
/// # Errors
/// `PGRST127` when a to-many spread aggregates.
pub fn order_inside_arrays(plan: &mut ReadPlan) -> Result<(), Error> {
    if matches!(plan.spread, Some(SpreadKind::ToMany { .. })) {
        if aggregates(plan) {
            let details = "Aggregates are not implemented for one-to-many or many-to-many spreads.";
            return Err(Error::new(&codes::PGRST127, "Feature not implemented").details(details));
        }
        let terms = std::mem::take(&mut plan.order).into_iter().zip(1..);
        let (extra_select, order) = terms
            .map(|(term, number)| select_term(&plan.aggregate_alias, term, number))
            .unzip();
        plan.spread = Some(SpreadKind::ToMany {
            extra_select,
            order,
        });
    }
    plan.children.iter_mut().try_for_each(order_inside_arrays)
}

fn aggregates(plan: &ReadPlan) -> bool {
    let is_lifted = |field: &RelationSelectField| match field {
        RelationSelectField::Spread { fields, .. } => fields.iter().any(|f| f.aggregate.is_some()),
        RelationSelectField::JsonEmbed { .. } => false,
    };
    plan.select.iter().any(|item| item.aggregate.is_some())
        || plan.relation_select.iter().any(is_lifted)
}

type ExtraSelect = (Option<String>, CoercibleSelectField);

fn select_term(
    aggregate_alias: &str,
    term: CoercibleOrderTerm,
    number: usize,
) -> (ExtraSelect, CoercibleOrderTerm) {
    let (relation, field, direction, nulls) = match term {
        CoercibleOrderTerm::Field {
            field,
            direction,
            nulls,
        } => (None, field, direction, nulls),
        CoercibleOrderTerm::Relation {
            relation,
            field,
            direction,
            nulls,
        } => {
            let field = CoercibleField::unknown(field.name, field.json_path);
            (Some(relation), field, direction, nulls)
        }
    };
    // The number keeps the names of two terms on one column apart.
    let stem = format!("{aggregate_alias}_{}", field.name);
    let name = bounded(&stem, &format!("_{number}"));
    let selected = CoercibleSelectField {
        field,
        aggregate: None,
        aggregate_cast: None,
        cast: None,
        alias: Some(name.clone()),
    };
    let ordered = CoercibleOrderTerm::Field {
        field: CoercibleField::unknown(name, Vec::new()),
        direction,
        nulls,
    };
    ((relation, selected), ordered)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Given, count, embed, field, names, spread, sum};
    use super::*;
    use crate::rest::api_request::select::SelectItem;

    fn given(relation: &str, select: Vec<SelectItem>) -> Given {
        Given::read(relation).select(select).aggregates()
    }

    /// (name, aggregate, alias) of every field that the level's spreads lift.
    fn lifted(plan: &ReadPlan) -> Vec<(String, Option<AggregateFunction>, Option<String>)> {
        let spreads = plan.relation_select.iter().filter_map(|field| match field {
            RelationSelectField::Spread { fields, .. } => Some(fields.clone()),
            RelationSelectField::JsonEmbed { .. } => None,
        });
        let fields = spreads.flatten();
        fields.map(|f| (f.name, f.aggregate, f.alias)).collect()
    }

    fn of(
        name: &str,
        function: AggregateFunction,
    ) -> (String, Option<AggregateFunction>, Option<String>) {
        (name.into(), Some(function), Some(name.into()))
    }

    #[test]
    fn aggregates_must_be_enabled_at_every_level() {
        for select in [sum("id"), spread("clients", vec![sum("id")])] {
            let error = Given::read("projects").select(vec![select]).read_plan();
            let error = error.unwrap_err();
            let fault = error.fault();
            assert_eq!((&*fault.code, fault.status), ("PGRST123", 400));
            assert_eq!(fault.message, "Use of aggregate functions is not allowed");
            assert_eq!((&fault.details, &fault.hint), (&None, &None));
        }
    }

    #[test]
    fn to_one_spreads_leave_their_aggregates_to_the_parent() {
        let plan = given(
            "projects",
            vec![
                field("name"),
                spread("clients", vec![sum("id"), field("name")]),
            ],
        );
        let plan = plan.read_plan().unwrap();
        assert_eq!(plan.children[0].select[0].aggregate, None);
        assert_eq!(
            lifted(&plan),
            [
                of("sum", AggregateFunction::Sum),
                ("name".into(), None, None)
            ]
        );
    }

    #[test]
    fn nested_to_one_spreads_hoist_to_the_outermost() {
        let inner = spread("clients", vec![sum("id")]);
        let plan = given("tasks", vec![spread("projects", vec![count(), inner])]);
        let plan = plan.read_plan().unwrap();
        assert_eq!(
            lifted(&plan),
            [
                of("count", AggregateFunction::Count),
                of("sum", AggregateFunction::Sum)
            ]
        );
        assert!(lifted(&plan.children[0]).iter().all(|f| f.1.is_none()));
    }

    #[test]
    fn embeds_compute_the_aggregates_of_their_spreads() {
        let inner = spread("clients", vec![sum("id")]);
        let plan = given("tasks", vec![embed("projects", vec![inner])]);
        let plan = plan.read_plan().unwrap();
        assert_eq!(
            lifted(&plan.children[0]),
            [of("sum", AggregateFunction::Sum)]
        );
    }

    #[test]
    fn to_many_spreads_do_not_aggregate() {
        let own = spread("projects", vec![sum("id")]);
        let nested = spread("projects", vec![spread("clients", vec![sum("id")])]);
        for (relation, select) in [("clients", own), ("clients", nested)] {
            let error = given(relation, vec![select]).read_plan().unwrap_err();
            let fault = error.fault();
            assert_eq!((&*fault.code, fault.status), ("PGRST127", 400));
            assert_eq!(fault.message, "Feature not implemented");
            assert_eq!(
                fault.details,
                Some(
                    "Aggregates are not implemented for one-to-many or many-to-many spreads."
                        .into()
                )
            );
        }
    }

    #[test]
    fn to_many_spreads_are_ordered_inside_their_arrays() {
        let select = vec![spread(
            "projects",
            vec![field("id"), embed("clients", vec![])],
        )];
        let given = given("clients", select).order(&["projects"], &["name", "clients(id)"]);
        let plan = given.read_plan().unwrap();
        let projects = &plan.children[0];
        assert!(projects.order.is_empty());
        let Some(SpreadKind::ToMany {
            extra_select,
            order,
        }) = &projects.spread
        else {
            panic!("not to-many: {:?}", projects.spread)
        };
        let (by_name, by_client) = (&extra_select[0], &extra_select[1]);
        assert_eq!(by_name.0, None);
        assert_eq!(
            by_name.1.alias.as_deref(),
            Some("clients_projects_1_name_1")
        );
        assert_eq!(by_client.0.as_deref(), Some("projects_clients_2"));
        assert_eq!(
            by_client.1.alias.as_deref(),
            Some("clients_projects_1_id_2")
        );
        assert_eq!(names(std::slice::from_ref(&by_client.1)), ["id"]);
        let CoercibleOrderTerm::Field { field, .. } = &order[1] else {
            panic!("not a field: {order:?}")
        };
        assert_eq!(field.name, "clients_projects_1_id_2");
    }
}
