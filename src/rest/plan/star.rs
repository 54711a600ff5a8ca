//! Fifth pass: `*` becomes the columns where PostgreSQL's own `*` would not do.
//!
//! In: levels with types resolved. Out: the same, with `*` written out
//! - where a column has a representation that the answer must show,
//! - where the level or one around it aggregates, since every column must be grouped by,
//! - in to-many spreads, since each column becomes an array of its own.
//!
//! `count()` in a spread counts rows of the spread relation, and is marked so.
//! Source: <https://docs.postgrest.org/en/stable/references/api/aggregate_functions.html>.

use crate::pg::ident::QualifiedIdentifier;
use crate::rest::api_request::select::AggregateFunction;
use crate::schema_cache::SchemaCache;

use super::coercible::{Resolver, table_of};
use super::types::{CoercibleSelectField, ReadPlan, SpreadKind};

/// Expands `*` where it must be.
pub fn expand(plan: &mut ReadPlan, root: &QualifiedIdentifier, cache: &SchemaCache) {
    expand_under(plan, root, cache, false);
}

fn expand_under(
    plan: &mut ReadPlan,
    root: &QualifiedIdentifier,
    cache: &SchemaCache,
    parent_groups: bool,
) {
    let groups = parent_groups
        || plan.select.iter().any(|item| item.aggregate.is_some())
        || matches!(plan.spread, Some(SpreadKind::ToMany { .. }));
    expand_level(plan, root, cache, groups);
    for child in &mut plan.children {
        expand_under(child, root, cache, groups);
    }
}

fn expand_level(
    plan: &mut ReadPlan,
    root: &QualifiedIdentifier,
    cache: &SchemaCache,
    groups: bool,
) {
    let is_spread = plan.spread.is_some();
    if !plan.select.iter().any(is_star) {
        return;
    }
    let resolver = Resolver::new(cache, table_of(plan, root));
    if !groups && !resolver.has_wire_representation() {
        return;
    }
    let mut expanded = Vec::with_capacity(plan.select.len());
    for mut item in std::mem::take(&mut plan.select) {
        match item.aggregate {
            None if is_star(&item) => {
                expanded.extend(resolver.columns().map(|column| CoercibleSelectField {
                    field: resolver.selected_column(column),
                    ..item.clone()
                }));
            }
            Some(AggregateFunction::Count) if is_spread && is_star(&item) => {
                item.field.full_row = true;
                expanded.push(item);
            }
            _ => expanded.push(item),
        }
    }
    plan.select = expanded;
}

fn is_star(item: &CoercibleSelectField) -> bool {
    item.field.name == "*" && item.field.json_path.is_empty()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Given, count, embed, field, names, spread, sum};
    use crate::rest::api_request::select::SelectItem;

    fn given(relation: &str, select: Vec<SelectItem>) -> Given {
        Given::read(relation).select(select).aggregates()
    }

    #[test]
    fn plain_stars_stay() {
        let plan = given(
            "clients",
            vec![field("*"), embed("projects", vec![field("*")])],
        );
        let plan = plan.read_plan().unwrap();
        assert_eq!(names(&plan.select), ["*"]);
        assert_eq!(names(&plan.children[0].select), ["*"]);
    }

    #[test]
    fn representations_expand_their_own_level() {
        let plan = given("tasks", vec![field("*"), embed("docs", vec![field("*")])]);
        let plan = plan.read_plan().unwrap();
        assert_eq!(names(&plan.select), ["*"]);
        let docs = &plan.children[0].select;
        assert_eq!(
            names(docs),
            ["id", "body", "vector", "data", "tags", "color"]
        );
        assert_eq!(docs[5].field.transform.as_deref(), Some("color_to_json"));
        assert_eq!(docs[5].alias.as_deref(), Some("color"));
        assert_eq!(docs[0].alias, None);
    }

    #[test]
    fn aggregates_expand_their_level_and_those_below() {
        let plan = given(
            "projects",
            vec![field("*"), sum("id"), embed("clients", vec![field("*")])],
        );
        let plan = plan.read_plan().unwrap();
        assert_eq!(names(&plan.select), ["id", "name", "client_id", "id"]);
        assert_eq!(names(&plan.children[0].select), ["id", "name"]);
    }

    #[test]
    fn to_many_spreads_expand() {
        let plan = given("clients", vec![spread("projects", vec![field("*")])]);
        let plan = plan.read_plan().unwrap();
        assert_eq!(names(&plan.children[0].select), ["id", "name", "client_id"]);
    }

    #[test]
    fn count_in_a_spread_counts_rows_of_the_relation() {
        let plan = given("projects", vec![spread("clients", vec![count()])]);
        let plan = plan.read_plan().unwrap();
        let counted = &plan.children[0].select[0];
        assert!(counted.field.full_row);
        assert_eq!(counted.alias.as_deref(), Some("count"));
        let plan = given("projects", vec![count()]).read_plan().unwrap();
        assert!(!plan.select[0].field.full_row);
    }
}
