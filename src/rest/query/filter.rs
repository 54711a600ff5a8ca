//! Filters and boolean trees as conditions.
//!
//! Planned filters in, conditions out; every operand is a parameter,
//! but for a value that the mapping lists ([`Snippet::listed`]). A filter on an embed
//! (`embed=is.null`) is left to the caller, who knows the embed.
//! Source: <https://docs.postgrest.org/en/stable/references/api/tables_views.html#operators>.

use super::fragment::{call, field, text_search_config};
use super::snippet::{Param, Snippet};
use crate::pg::ident::QualifiedIdentifier;
use crate::rest::api_request::filter::{
    Condition, IsValue, Operation, QuantifiableOperator, Quantifier,
};
use crate::rest::api_request::logic::LogicOperator;
use crate::rest::api_request::operators::{FTS, QUANTIFIABLE, SIMPLE, entry_of};
use crate::rest::plan::{CoercibleField, CoercibleFilter, CoercibleLogicTree};

/// A tree as one condition on `table`. `null_embed(aggregate_alias)` renders "the embed has a row".
pub fn logic_tree(
    table: &QualifiedIdentifier,
    tree: &CoercibleLogicTree,
    null_embed: &dyn Fn(&str) -> Snippet,
) -> Snippet {
    match tree {
        CoercibleLogicTree::Statement(CoercibleFilter::Condition { field, condition }) => {
            filter(table, field, condition)
        }
        CoercibleLogicTree::Statement(CoercibleFilter::NullEmbed {
            negated,
            aggregate_alias,
        }) => {
            let exists = null_embed(aggregate_alias);
            if *negated {
                exists
            } else {
                Snippet::sql("NOT ").then(exists)
            }
        }
        CoercibleLogicTree::Expression {
            negated,
            operator,
            branches,
        } => {
            let separator = match operator {
                LogicOperator::And => " AND ",
                LogicOperator::Or => " OR ",
            };
            let branches = branches
                .iter()
                .map(|branch| logic_tree(table, branch, null_embed));
            Snippet::sql(if *negated { "NOT (" } else { "(" })
                .then(Snippet::join(separator, branches))
                .then_sql(")")
        }
    }
}

/// For places where no embed exists (writes): nothing to test, so no row.
pub fn no_embeds(_aggregate_alias: &str) -> Snippet {
    Snippet::sql("FALSE")
}

fn filter(table: &QualifiedIdentifier, on: &CoercibleField, condition: &Condition) -> Snippet {
    let not = if condition.negated { "NOT " } else { "" };
    Snippet::sql(not)
        .then(field(table, on))
        .then(operation(on, &condition.operation))
}

fn operation(on: &CoercibleField, operation: &Operation) -> Snippet {
    match operation {
        Operation::Simple(operator, value) => {
            Snippet::sql(entry_of(SIMPLE, *operator).sql).then(literal(on, value))
        }
        Operation::Quantified(operator, quantifier, value) => {
            let value = match operator {
                QuantifiableOperator::Like | QuantifiableOperator::Ilike => {
                    Snippet::unknown(value.replace('*', "%"))
                }
                _ => literal(on, value),
            };
            let value = match quantifier {
                Some(Quantifier::Any) => Snippet::sql("ANY(").then(value).then_sql(")"),
                Some(Quantifier::All) => Snippet::sql("ALL(").then(value).then_sql(")"),
                None => value,
            };
            Snippet::sql(entry_of(QUANTIFIABLE, *operator).sql).then(value)
        }
        Operation::In(values) => any_of(on, values),
        Operation::Is(value) => Snippet::sql(is(*value)),
        Operation::IsDistinct(value) => {
            Snippet::sql(" IS DISTINCT FROM ").then(Snippet::unknown(value.as_str()))
        }
        Operation::Fts(operator, language, value) => Snippet::sql(" @@ ")
            .then_sql(entry_of(FTS, *operator).sql)
            .then_sql("(")
            .then(text_search_config(language.as_deref()))
            .then(Snippet::unknown(value.as_str()))
            .then_sql(")"),
    }
}

/// The operand, read by the field's representation function when it has one.
fn literal(on: &CoercibleField, value: &str) -> Snippet {
    let value = match on.is_listed_value {
        true => Snippet::listed(value),
        false => Snippet::unknown(value),
    };
    match &on.transform {
        Some(parse) => call(parse, value),
        None => value,
    }
}

/// `= ANY` with one array parameter: the text does not depend on the number of values, and an empty
/// list is allowed.
fn any_of(on: &CoercibleField, values: &[String]) -> Snippet {
    let is_empty = values.is_empty() || matches!(values, [only] if only.is_empty());
    let values = if is_empty { &[] } else { values };
    match &on.transform {
        Some(parse) => Snippet::sql(" = ANY (SELECT ")
            .then(call(parse, Snippet::sql("pgrst_value")))
            .then_sql(" FROM unnest(")
            .then(Snippet::param(Param::TextArray(values.to_vec())))
            .then_sql(") AS pgrst_value)"),
        None => Snippet::sql(" = ANY(")
            .then(Snippet::unknown(array_literal(values)))
            .then_sql(")"),
    }
}

/// PostgreSQL's text form of an array, so that the element type can stay `unknown`.
/// Source: <https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO>.
fn array_literal(values: &[String]) -> String {
    let mut out = String::from("{");
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        out.push('"');
        for c in value.chars().filter(|c| *c != '\0') {
            if matches!(c, '"' | '\\') {
                out.push('\\');
            }
            out.push(c);
        }
        out.push('"');
    }
    out.push('}');
    out
}

fn is(value: IsValue) -> &'static str {
    match value {
        IsValue::Null => " IS NULL",
        IsValue::NotNull => " IS NOT NULL",
        IsValue::True => " IS TRUE",
        IsValue::False => " IS FALSE",
        IsValue::Unknown => " IS UNKNOWN",
    }
}
