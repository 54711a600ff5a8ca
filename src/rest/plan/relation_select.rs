//! Ninth pass: the fields of a parent that its embeds fill.
//!
//! In: levels with relationships. Out: per parent, in the order of its children, either one JSON
//! field or the fields that a spread lifts.
//! Source: <https://docs.postgrest.org/en/stable/references/api/resource_embedding.html#spread-embedded-resource>.

use crate::schema_cache::relationship::Relationship;

use super::attach::visible_name;
use super::types::{EmbedMode, ReadPlan, RelationSelectField, SpreadSelectField};

/// Fills [`ReadPlan::relation_select`] of every level, innermost first.
pub fn fill(plan: &mut ReadPlan) {
    for child in &mut plan.children {
        fill(child);
    }
    plan.relation_select = plan.children.iter().map(field_of).collect();
}

fn field_of(child: &ReadPlan) -> RelationSelectField {
    let aggregate_alias = child.aggregate_alias.clone();
    if child.spread.is_some() {
        return RelationSelectField::Spread {
            fields: lifted_fields(child),
            aggregate_alias,
        };
    }
    let relationship = child.relation_to_parent.as_ref();
    let is_to_one = relationship.is_some_and(Relationship::is_to_one);
    RelationSelectField::JsonEmbed {
        name: visible_name(child).to_owned(),
        aggregate_alias,
        mode: if is_to_one {
            EmbedMode::Object
        } else {
            EmbedMode::Array
        },
        is_empty: selects_nothing(child),
    }
}

fn selects_nothing(plan: &ReadPlan) -> bool {
    plan.select.is_empty() && plan.children.iter().all(selects_nothing)
}

/// A spread lifts its own fields and those that its embeds fill.
fn lifted_fields(child: &ReadPlan) -> Vec<SpreadSelectField> {
    let own = child.select.iter().map(|item| {
        let name = item.alias.as_ref().unwrap_or(&item.field.name);
        plain(name.clone())
    });
    let filled = child.relation_select.iter().flat_map(|field| match field {
        RelationSelectField::JsonEmbed { name, .. } => vec![plain(name.clone())],
        RelationSelectField::Spread { fields, .. } => fields.clone(),
    });
    own.chain(filled).collect()
}

fn plain(name: String) -> SpreadSelectField {
    SpreadSelectField {
        name,
        aggregate: None,
        aggregate_cast: None,
        alias: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Given, embed, field, spread};
    use super::*;
    use crate::rest::api_request::select::SelectItem;

    fn fields(relation: &str, select: Vec<SelectItem>) -> Vec<RelationSelectField> {
        let given = Given::read(relation).select(select);
        given.read_plan().unwrap().relation_select
    }

    fn json(name: &str, alias: &str, mode: EmbedMode, is_empty: bool) -> RelationSelectField {
        RelationSelectField::JsonEmbed {
            name: name.into(),
            aggregate_alias: alias.into(),
            mode,
            is_empty,
        }
    }

    #[test]
    fn to_one_embeds_are_objects_and_to_many_embeds_are_arrays() {
        let select = vec![
            embed("clients", vec![field("id")]),
            embed("t:tasks", vec![field("id")]),
        ];
        assert_eq!(
            fields("projects", select),
            [
                json("clients", "projects_clients_1", EmbedMode::Object, false),
                json("t", "projects_t_1", EmbedMode::Array, false),
            ]
        );
    }

    #[test]
    fn embeds_without_any_field_are_empty() {
        let empty = |select| match &fields("clients", vec![embed("projects", select)])[0] {
            RelationSelectField::JsonEmbed { is_empty, .. } => *is_empty,
            other => panic!("not an embed: {other:?}"),
        };
        assert!(empty(vec![]));
        assert!(empty(vec![embed("tasks", vec![])]));
        assert!(!empty(vec![embed("tasks", vec![field("id")])]));
        assert!(!empty(vec![field("id")]));
    }

    #[test]
    fn spreads_lift_their_fields_and_those_of_their_embeds() {
        let nested = vec![
            field("n:name"),
            embed("tasks", vec![field("id")]),
            spread("clients", vec![field("c:id"), field("name")]),
        ];
        let lifted = fields("tasks", vec![spread("projects", nested)]);
        let RelationSelectField::Spread {
            fields,
            aggregate_alias,
        } = &lifted[0]
        else {
            panic!("not a spread: {lifted:?}")
        };
        let names: Vec<_> = fields.iter().map(|f| &*f.name).collect();
        assert_eq!(names, ["n", "tasks", "c", "name"]);
        assert_eq!(aggregate_alias, "tasks_projects_1");
    }
}
