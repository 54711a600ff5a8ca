//! What the real frontends get wrong, read as they meant it: a pass between `api_request` and `plan`.
//!
//! In: the parsed request and the schema cache. Out: the request as it was meant, and what was forgiven,
//! which the answer tells in `Warning` headers and a metric counts. Pure. On in the CRM profile, off in
//! PostgREST mode (`frontend-tolerance`).
//!
//! No rule changes the meaning of a valid request: each applies to what would be an error. The rules are
//! [`COLUMNS`], for columns that a relation does not have, and one of its own: `eq.null` on a column
//! whose type has no value of that text means `is.null`.

use bytes::Bytes;
use indexmap::IndexMap;
use serde_json::value::RawValue;

use super::api_request::filter::{Condition, Filter, IsValue, Operation, QuantifiableOperator};
use super::api_request::logic::{LogicOperator, LogicTree};
use super::api_request::payload::Payload;
use super::api_request::preferences::Return;
use super::api_request::{Action, ApiRequest, Mutation};
use crate::schema_cache::SchemaCache;
use crate::schema_cache::table::{Column, Table};

/// Where a request names a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A key of the body.
    Body,
    Order,
    /// A filter; [`Reading::Ignored`] applies inside `or` only, where a branch less finds no more rows.
    Filter,
}

/// What a column that is not there means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Ignored,
    /// That other column.
    Means(&'static str),
}

/// A column that a frontend names and a relation does not have.
struct ColumnRule {
    rule: &'static str,
    relations: &'static [&'static str],
    column: &'static str,
    place: Place,
    reading: Reading,
}

const fn rule(
    rule: &'static str,
    relations: &'static [&'static str],
    column: &'static str,
    place: Place,
    reading: Reading,
) -> ColumnRule {
    ColumnRule {
        rule,
        relations,
        column,
        place,
        reading,
    }
}

const BOARDS: &[&str] = &["deals", "opportunities"];

/// The rules. The first that fits counts.
#[rustfmt::skip]
const COLUMNS: &[ColumnRule] = &[
    // After a note on a card both boards note on the card when it was last seen, and its status.
    rule("card-last-seen", BOARDS, "last_seen", Place::Body, Reading::Ignored),
    rule("card-status", BOARDS, "status", Place::Body, Reading::Ignored),
    // The note form of the new board has no key for its own relation.
    rule("note-undefined", &["opportunityNotes"], "undefined", Place::Body, Reading::Means("opportunity_id")),
    // The pipeline card of the old board.
    rule("deals-order-last-seen", &["deals"], "last_seen", Place::Order, Reading::Ignored),
    // The search boxes of the old board, and of the new frontend's copy of it.
    rule("deals-filter-type", &["deals"], "type", Place::Filter, Reading::Ignored),
    rule("deals-filter-deleted-at", &["deals"], "deleted_at", Place::Filter, Reading::Means("archived_at")),
];

/// Name of the rule about `eq.null`.
const EQ_NULL: &str = "eq-null";

/// One fault that was read as it was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forgiven {
    /// For the metric.
    pub rule: &'static str,
    text: String,
}

impl Forgiven {
    /// The value of the `Warning` header.
    pub fn warning(&self) -> String {
        format!("299 oppbase \"{}\"", self.text)
    }
}

/// Repairs the request.
pub fn forgive(request: &mut ApiRequest, cache: &SchemaCache) -> Vec<Forgiven> {
    let (Action::RelationRead { relation, .. } | Action::RelationMutate { relation, .. }) =
        &request.action
    else {
        return Vec::new();
    };
    let Some(table) = cache.tables.get(relation) else {
        return Vec::new();
    };
    let mut pass = Pass {
        table,
        is_read: matches!(request.action, Action::RelationRead { .. }),
        forgiven: Vec::new(),
    };
    pass.filters(request);
    pass.order(request);
    pass.body(request);
    pass.forgiven
}

struct Pass<'a> {
    table: &'a Table,
    is_read: bool,
    forgiven: Vec<Forgiven>,
}

impl Pass<'_> {
    /// The reading of a column that this relation does not have.
    fn reading(&self, column: &str, place: Place) -> Option<&'static ColumnRule> {
        if self.table.columns.contains_key(column) {
            return None;
        }
        COLUMNS.iter().find(|rule| {
            rule.place == place
                && rule.column == column
                && rule.relations.contains(&self.table.name.as_str())
                && match rule.reading {
                    Reading::Ignored => true,
                    Reading::Means(other) => self.table.columns.contains_key(other),
                }
        })
    }

    fn note(&mut self, rule: &'static str, text: String) {
        let fault = Forgiven { rule, text };
        if !self.forgiven.contains(&fault) {
            self.forgiven.push(fault);
        }
    }

    fn note_column(&mut self, rule: &ColumnRule) {
        let (relation, column) = (&self.table.name, rule.column);
        let text = match rule.reading {
            Reading::Ignored => format!("{relation} has no column {column}; it was ignored"),
            Reading::Means(other) => format!("{relation} has no column {column}; read as {other}"),
        };
        self.note(rule.rule, text);
    }

    fn filters(&mut self, request: &mut ApiRequest) {
        let query = &mut request.query;
        let root = query
            .filters
            .iter_mut()
            .filter(|(path, _)| path.is_empty())
            .map(|(_, filter)| filter);
        for filter in root.chain(&mut query.root_filters) {
            self.filter(filter);
        }
        for (_, tree) in query.logic.iter_mut().filter(|(path, _)| path.is_empty()) {
            self.tree(tree);
        }
    }

    fn filter(&mut self, filter: &mut Filter) {
        if let Some(rule) = self.reading(&filter.field.name, Place::Filter)
            && let Reading::Means(other) = rule.reading
        {
            other.clone_into(&mut filter.field.name);
            self.note_column(rule);
        }
        let column = self.table.columns.get(&filter.field.name);
        if filter.field.json_path.is_empty()
            && is_eq_null(&filter.condition)
            && column.is_some_and(has_no_value_null)
        {
            filter.condition.operation = Operation::Is(IsValue::Null);
            let name = &filter.field.name;
            self.note(
                EQ_NULL,
                format!("{name}=eq.null was read as {name}=is.null"),
            );
        }
    }

    fn tree(&mut self, tree: &mut LogicTree) {
        match tree {
            LogicTree::Statement(filter) => self.filter(filter),
            LogicTree::Expression {
                operator, branches, ..
            } => {
                if self.is_read && *operator == LogicOperator::Or {
                    self.drop_branches(branches);
                }
                for branch in branches {
                    self.tree(branch);
                }
            }
        }
    }

    /// Without the branches about columns to ignore; all of them stay when none would be left.
    fn drop_branches(&mut self, branches: &mut Vec<LogicTree>) {
        let ignored = |pass: &Self, branch: &LogicTree| match branch {
            LogicTree::Statement(filter) => pass
                .reading(&filter.field.name, Place::Filter)
                .filter(|rule| rule.reading == Reading::Ignored),
            LogicTree::Expression { .. } => None,
        };
        let rules: Vec<_> = branches
            .iter()
            .map(|branch| ignored(self, branch))
            .collect();
        if rules.iter().all(Option::is_some) {
            return;
        }
        for rule in rules.iter().flatten() {
            self.note_column(rule);
        }
        let mut rules = rules.into_iter();
        branches.retain(|_| rules.next().flatten().is_none());
    }

    fn order(&mut self, request: &mut ApiRequest) {
        for (path, terms) in &mut request.query.order {
            if !path.is_empty() {
                continue;
            }
            terms.retain(|term| {
                let rule = match term.relation {
                    None => self.reading(&term.field.name, Place::Order),
                    Some(_) => None,
                };
                if let Some(rule) = rule {
                    self.note_column(rule);
                }
                rule.is_none()
            });
        }
        request.query.order.retain(|(_, terms)| !terms.is_empty());
    }

    fn body(&mut self, request: &mut ApiRequest) {
        if !matches!(request.payload, Some(Payload::Json { .. })) {
            return;
        }
        let rules: Vec<_> = request
            .columns
            .iter()
            .filter_map(|column| self.reading(column, Place::Body))
            .collect();
        for rule in rules {
            if let Reading::Means(other) = rule.reading {
                if request.columns.contains(other)
                    || !rename(&mut request.payload, rule.column, other)
                {
                    continue;
                }
                request.columns.insert(other.to_owned());
            }
            request.columns.remove(rule.column);
            self.note_column(rule);
            self.read_when_nothing_is_left(request);
        }
    }

    /// An update of ignored columns alone answers with the row as it is, which is what the client
    /// would have got; an update of no column would answer that there is no such row.
    fn read_when_nothing_is_left(&self, request: &mut ApiRequest) {
        let Action::RelationMutate {
            relation,
            mutation: Mutation::Update,
        } = &request.action
        else {
            return;
        };
        let wants_row = request.preferences.representation == Some(Return::Representation);
        if request.columns.is_empty() && wants_row {
            request.action = Action::RelationRead {
                relation: relation.clone(),
                headers_only: false,
            };
            request.payload = None;
        }
    }
}

fn is_eq_null(condition: &Condition) -> bool {
    matches!(
        &condition.operation,
        Operation::Quantified(QuantifiableOperator::Eq, None, value) if value == "null"
    )
}

/// Types that have no value written `null`, by the beginning of their names.
const WITHOUT_NULL: &[&str] = &[
    "bigint",
    "boolean",
    "date",
    "double precision",
    "integer",
    "interval",
    "money",
    "numeric",
    "real",
    "smallint",
    "time",
    "uuid",
];

fn has_no_value_null(column: &Column) -> bool {
    if !column.enum_values.is_empty() {
        return !column.enum_values.iter().any(|label| label == "null");
    }
    let data_type = column.data_type.as_str();
    data_type.ends_with("[]")
        || WITHOUT_NULL
            .iter()
            .any(|prefix| data_type.starts_with(prefix))
}

/// Renames a key in every object of the body; false, and nothing done, when that is not possible.
fn rename(payload: &mut Option<Payload>, from: &str, to: &str) -> bool {
    type Row = IndexMap<String, Box<RawValue>>;
    let Some(Payload::Json { raw, is_object }) = payload else {
        return false;
    };
    let rename = |row: Row| -> Row {
        let name = |key: String| if key == from { to.to_owned() } else { key };
        row.into_iter()
            .map(|(key, value)| (name(key), value))
            .collect()
    };
    let renamed = if *is_object {
        serde_json::from_slice(raw).and_then(|row| serde_json::to_vec(&rename(row)))
    } else {
        serde_json::from_slice::<Vec<Row>>(raw)
            .and_then(|rows| serde_json::to_vec(&rows.into_iter().map(rename).collect::<Vec<_>>()))
    };
    match renamed {
        Ok(text) => {
            *raw = Bytes::from(text);
            true
        }
        Err(_) => false,
    }
}

#[cfg(test)]
#[path = "tolerance_tests.rs"]
mod tests;
