//! Sixth pass: names for selected fields that PostgreSQL would not name as the client expects.
//!
//! In: the selected fields. Out: an alias for a JSON path (its last key), for a field shown through
//! a representation (the column), and for an aggregate in a spread (the function), which the parent
//! must be able to name. An alias that the client chose is kept.
//! Source: <https://docs.postgrest.org/en/stable/references/api/tables_views.html#json-columns>.

use crate::rest::api_request::select::{AggregateFunction, JsonOperand};

use super::types::{CoercibleField, CoercibleSelectField, ReadPlan};

/// Names the fields of every level.
pub fn name_fields(plan: &mut ReadPlan) {
    let is_spread = plan.spread.is_some();
    for item in &mut plan.select {
        if item.alias.is_none() {
            item.alias = default_alias(item, is_spread);
        }
    }
    for child in &mut plan.children {
        name_fields(child);
    }
}

fn default_alias(item: &CoercibleSelectField, is_spread: bool) -> Option<String> {
    if let Some(aggregate) = item.aggregate {
        return is_spread.then(|| function_name(aggregate).to_owned());
    }
    let field = &item.field;
    if !field.json_path.is_empty() {
        return Some(last_key(field).to_owned());
    }
    field.transform.is_some().then(|| field.name.clone())
}

/// `data->a->b` and `data->a->b->0` are shown as `b`, `data->0` as `data`.
fn last_key(field: &CoercibleField) -> &str {
    let keys = field.json_path.iter().rev();
    keys.filter_map(|step| match &step.operand {
        JsonOperand::Key(key) => Some(key),
        JsonOperand::Index(_) => None,
    })
    .next()
    .unwrap_or(&field.name)
}

/// The function's name in SQL, under which PostgreSQL shows its result.
fn function_name(aggregate: AggregateFunction) -> &'static str {
    match aggregate {
        AggregateFunction::Sum => "sum",
        AggregateFunction::Avg => "avg",
        AggregateFunction::Max => "max",
        AggregateFunction::Min => "min",
        AggregateFunction::Count => "count",
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Given, field, spread, sum};

    #[test]
    fn paths_are_named_by_their_last_key() {
        for (path, alias) in [
            ("data->a", Some("a")),
            ("data->a->>b", Some("b")),
            ("data->1->mycol->>2", Some("mycol")),
            ("data->3", Some("data")),
            ("data", None),
            ("color", Some("color")),
            ("mine:data->a", Some("mine")),
        ] {
            let plan = Given::read("docs").select(vec![field(path)]).read_plan();
            assert_eq!(plan.unwrap().select[0].alias.as_deref(), alias, "{path}");
        }
    }

    #[test]
    fn aggregates_are_named_in_spreads_only() {
        let select = vec![sum("id"), spread("clients", vec![sum("id")])];
        let given = Given::read("projects").select(select).aggregates();
        let plan = given.read_plan().unwrap();
        assert_eq!(plan.select[0].alias, None);
        assert_eq!(plan.children[0].select[0].alias.as_deref(), Some("sum"));
    }
}
