//! The rows of a read plan as one `SELECT`.
//!
//! A [`ReadPlan`] in, its query out; embedded levels come from [`super::embed`]. The body aggregate
//! around it is [`super::handler`]'s work.
//! Source: <https://docs.postgrest.org/en/stable/references/api/resource_embedding.html>.

use super::embed::{self, Form};
use super::filter::logic_tree;
use super::fragment::{aggregate, as_alias, column, limit_offset, order_by, select_item};
use super::snippet::Snippet;
use crate::pg::ident::QualifiedIdentifier;
use crate::rest::api_request::range::RowRange;
use crate::rest::api_request::select::AggregateFunction;
use crate::rest::plan::{CoercibleSelectField, ReadPlan, RelationSelectField, SpreadKind};
use crate::schema_cache::relationship::{Cardinality, Relationship};

/// The query of the root level.
pub fn read_query(read: &ReadPlan) -> Snippet {
    level_query(read, Form::Jsonb)
}

/// The query of one level. `form`: type of the embeds in its rows.
pub fn level_query(read: &ReadPlan, form: Form) -> Snippet {
    let grouped = is_aggregated(read);
    let form = if grouped { Form::Jsonb } else { form };
    let items = select_list(read, form);
    let (grouping, items): (Vec<bool>, Vec<Snippet>) = items.into_iter().unzip();
    Snippet::sql("SELECT ")
        .then(Snippet::join(", ", items))
        .then(from_clause(read))
        .then(embed::joins(read, form))
        .then(where_clause(read, Purpose::Rows))
        .then(if grouped {
            group_by(&grouping)
        } else {
            Snippet::new()
        })
        .then(order_by(&level_alias(read), &read.order))
        .then(limit_offset(read.range))
}

/// The root level's rows without columns, order and limit: what a count counts.
pub fn count_query(read: &ReadPlan) -> Snippet {
    Snippet::sql("SELECT 1")
        .then(from_clause(read))
        .then(where_clause(read, Purpose::Existence))
}

/// `EXISTS (…)`: whether an embed has a row for the parent's row.
///
/// This is also how `!inner` on a to-many embed and `embed=is.null` restrict the parent: a semi-join
/// can start from either side, which a join to an aggregated subquery cannot.
pub fn exists(read: &ReadPlan) -> Snippet {
    if always_has_a_row(read) {
        return Snippet::sql("TRUE");
    }
    let shortened = read.range.offset > 0 || read.range.limit == Some(0);
    Snippet::sql("EXISTS (")
        .then(count_query(read))
        .then(limit_offset(if shortened {
            read.range
        } else {
            RowRange::ALL
        }))
        .then_sql(")")
}

/// The name by which a level's columns are addressed inside its query.
pub fn level_alias(read: &ReadPlan) -> QualifiedIdentifier {
    match (&read.from_alias, &read.relation_to_parent) {
        (Some(alias), _) => QualifiedIdentifier::unqualified(alias.as_str()),
        (None, Some(Relationship::Computed { function, .. })) => {
            QualifiedIdentifier::unqualified(function.name.as_str())
        }
        (None, _) => read.from.clone(),
    }
}

/// Whether the level has aggregates, its own or those of its spreads.
pub fn is_aggregated(read: &ReadPlan) -> bool {
    let of_spread = |field: &RelationSelectField| match field {
        RelationSelectField::Spread { fields, .. } => {
            fields.iter().any(|field| field.aggregate.is_some())
        }
        RelationSelectField::JsonEmbed { .. } => false,
    };
    read.select.iter().any(|item| item.aggregate.is_some())
        || read.relation_select.iter().any(of_spread)
}

/// Aggregates without anything to group by give one row even when nothing was aggregated.
fn always_has_a_row(read: &ReadPlan) -> bool {
    let shows_embed = read
        .relation_select
        .iter()
        .any(|field| matches!(field, RelationSelectField::JsonEmbed { is_empty, .. } if !is_empty));
    let groups_by_spread = read.relation_select.iter().any(|field| {
        matches!(field, RelationSelectField::Spread { fields, .. }
            if fields.iter().any(|field| field.aggregate.is_none()))
    });
    is_aggregated(read)
        && !shows_embed
        && !groups_by_spread
        && read.select.iter().all(|item| item.aggregate.is_some())
        && read.range.offset == 0
        && read.range.limit != Some(0)
}

/// Select items, each with whether it is grouped by.
fn select_list(read: &ReadPlan, form: Form) -> Vec<(bool, Snippet)> {
    let alias = level_alias(read);
    let mut items: Vec<(bool, Snippet)> = Vec::new();
    if read.select.is_empty() && read.children.is_empty() {
        items.push((true, column(&alias, "*")));
    }
    for item in &read.select {
        let is_count = item.aggregate == Some(AggregateFunction::Count);
        let snippet = if is_count && item.field.name == "*" && !item.field.full_row {
            count_of_rows(item)
        } else {
            select_item(&alias, item)
        };
        items.push((item.aggregate.is_none(), snippet));
    }
    if let Some(SpreadKind::ToMany { extra_select, .. }) = &read.spread {
        for (of, item) in extra_select {
            let of = of.as_deref().map(QualifiedIdentifier::unqualified);
            items.push((true, select_item(of.as_ref().unwrap_or(&alias), item)));
        }
    }
    items.extend(embed::select_items(read, form));
    items
}

/// `count()`: of rows, whatever they hold.
fn count_of_rows(item: &CoercibleSelectField) -> Snippet {
    let result_cast = item.aggregate_cast.as_deref();
    aggregate(Snippet::sql("*"), item.aggregate, result_cast).then(as_alias(item.alias.as_deref()))
}

/// Groups by position: an item may hold parameters, and two texts with different parameter numbers
/// are two expressions to PostgreSQL.
fn group_by(grouping: &[bool]) -> Snippet {
    let positions: Vec<Snippet> = grouping
        .iter()
        .enumerate()
        .filter(|(_, grouped)| **grouped)
        .map(|(i, _)| Snippet::raw((i + 1).to_string()))
        .collect();
    if positions.is_empty() {
        return Snippet::new();
    }
    Snippet::sql(" GROUP BY ").then(Snippet::join(", ", positions))
}

fn from_clause(read: &ReadPlan) -> Snippet {
    let mut out = Snippet::sql(" FROM ");
    match &read.relation_to_parent {
        Some(Relationship::Computed {
            function,
            table,
            table_alias,
            ..
        }) => {
            // The cast picks the right overload when the row comes from a CTE.
            out.push(Snippet::qi(function))
                .push_sql("(")
                .push(Snippet::ident(&table_alias.name))
                .push_sql("::")
                .push(Snippet::qi(table))
                .push_sql(")");
        }
        _ => {
            out.push(Snippet::qi(&read.from));
        }
    }
    if let Some(alias) = &read.from_alias {
        out.push_sql(" AS ").push(Snippet::ident(alias));
    }
    if let Some(Relationship::ForeignKey {
        cardinality: Cardinality::ManyToMany(junction),
        ..
    }) = &read.relation_to_parent
    {
        out.push_sql(", ").push(Snippet::qi(&junction.table));
    }
    out
}

/// What a `WHERE` is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// The level's rows; some embeds restrict them by an inner join instead.
    Rows,
    /// Only how many there are: nothing is joined.
    Existence,
}

fn where_clause(read: &ReadPlan, purpose: Purpose) -> Snippet {
    let alias = level_alias(read);
    let has_row = |aggregate_alias: &str| match embed::find(read, aggregate_alias) {
        Some(child) => exists(child),
        None => Snippet::sql("FALSE"),
    };
    let mut conditions: Vec<Snippet> = read
        .where_
        .iter()
        .map(|tree| logic_tree(&alias, tree, &has_row))
        .collect();
    conditions.extend(read.join_conditions.iter().map(|join| {
        column(&join.left.0, &join.left.1)
            .then_sql(" = ")
            .then(column(&join.right.0, &join.right.1))
    }));
    conditions.extend(
        read.children
            .iter()
            .filter(|child| embed::is_inner(child))
            .filter(|child| purpose == Purpose::Existence || !embed::is_inner_join(read, child))
            .map(exists),
    );
    if conditions.is_empty() {
        return Snippet::new();
    }
    Snippet::sql(" WHERE ").then(Snippet::join(" AND ", conditions))
}
