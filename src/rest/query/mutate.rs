//! Writes: `INSERT`, upsert, `UPDATE`, `DELETE`.
//!
//! A [`MutatePlan`] in, the data-modifying statement out; it becomes the CTE that the answer is read
//! from. The text depends on the request's shape only, the body is one parameter.
//! Source: <https://docs.postgrest.org/en/stable/references/api/tables_views.html#insert>.

use super::filter::{logic_tree, no_embeds};
use super::fragment::{column, ident_list};
use super::payload::{BODY, Source};
use super::snippet::Snippet;
use crate::pg::ident::QualifiedIdentifier;
use crate::rest::api_request::preferences::Resolution;
use crate::rest::plan::{CoercibleField, CoercibleLogicTree, JsonBody, MutatePlan};

/// The statement of a write.
pub fn mutation(plan: &MutatePlan) -> Snippet {
    match plan {
        MutatePlan::Insert { .. } => insert(plan),
        MutatePlan::Update {
            into,
            columns,
            returning,
            ..
        } if columns.is_empty() => nothing_to_update(into, returning),
        MutatePlan::Update {
            into,
            columns,
            body,
            where_,
            returning,
            apply_defaults,
        } => update(into, columns, body.as_ref(), *apply_defaults)
            .then(conditions(into, where_))
            .then(returning_clause(into, returning)),
        MutatePlan::Delete {
            from,
            where_,
            returning,
        } => Snippet::sql("DELETE FROM ")
            .then(Snippet::qi(from))
            .then(conditions(from, where_))
            .then(returning_clause(from, returning)),
    }
}

/// Whether the write counts the rows it inserts, as opposed to those it updates.
pub fn counts_inserted(plan: &MutatePlan) -> bool {
    matches!(plan, MutatePlan::Insert { is_put, on_conflict, .. }
        if *is_put || matches!(on_conflict, Some((Resolution::MergeDuplicates, _))))
}

fn insert(plan: &MutatePlan) -> Snippet {
    let MutatePlan::Insert {
        into,
        columns,
        body,
        on_conflict,
        where_,
        returning,
        apply_defaults,
        ..
    } = plan
    else {
        return Snippet::new();
    };
    let source = Source {
        body: body.as_ref(),
        columns,
        apply_defaults: *apply_defaults,
        first_only: false,
    };
    let mut out = Snippet::sql("INSERT INTO ").then(Snippet::qi(into));
    if !columns.is_empty() {
        out.push_sql("(").push(source.target_list()).push_sql(")");
    }
    out.push_sql(" SELECT ")
        .push(source.column_list())
        .push_sql(" FROM ")
        .push(source.rows());
    let body_alias = QualifiedIdentifier::unqualified(BODY);
    let mut wanted = Vec::new();
    if counts_inserted(plan) {
        wanted.push(count_inserted(true));
    }
    wanted.extend(
        where_
            .iter()
            .map(|tree| logic_tree(&body_alias, tree, &no_embeds)),
    );
    if !wanted.is_empty() {
        out.push_sql(" WHERE ").push(Snippet::join(" AND ", wanted));
    }
    if let Some((resolution, keys)) = on_conflict
        && !keys.is_empty()
    {
        out.push(conflict(*resolution, keys, columns));
    }
    out.then(returning_clause(into, returning))
}

fn conflict(resolution: Resolution, keys: &[String], columns: &[CoercibleField]) -> Snippet {
    let out = Snippet::sql(" ON CONFLICT(")
        .then(ident_list(keys.iter().map(String::as_str)))
        .then_sql(")");
    if resolution == Resolution::IgnoreDuplicates || columns.is_empty() {
        return out.then_sql(" DO NOTHING");
    }
    let assignments = columns.iter().map(|c| {
        Snippet::ident(&c.name)
            .then_sql(" = EXCLUDED.")
            .then(Snippet::ident(&c.name))
    });
    out.then_sql(" DO UPDATE SET ")
        .then(Snippet::join(", ", assignments))
        .then_sql(" WHERE ")
        .then(count_inserted(false))
}

/// A condition that is always true and counts: up for every row offered, down again for each that
/// became an update. A transaction-local setting is the one counter that works for views, too.
fn count_inserted(up: bool) -> Snippet {
    Snippet::sql(if up {
        "set_config('pgrst.inserted', (coalesce(nullif(current_setting('pgrst.inserted', true), '')::int, 0) + 1)::text, true) <> '0'"
    } else {
        "set_config('pgrst.inserted', (coalesce(nullif(current_setting('pgrst.inserted', true), '')::int, 0) - 1)::text, true) <> '-1'"
    })
}

fn update(
    into: &QualifiedIdentifier,
    columns: &[CoercibleField],
    body: Option<&JsonBody>,
    apply_defaults: bool,
) -> Snippet {
    let source = Source {
        body,
        columns,
        apply_defaults,
        first_only: false,
    };
    let assignments = columns.iter().map(|c| {
        Snippet::ident(&c.name)
            .then_sql(" = ")
            .then(super::fragment::alias_column(BODY, &c.name))
    });
    Snippet::sql("UPDATE ")
        .then(Snippet::qi(into))
        .then_sql(" SET ")
        .then(Snippet::join(", ", assignments))
        .then_sql(" FROM ")
        .then(source.rows())
}

/// An update without columns: no rows, but of the right shape for the select list around it.
fn nothing_to_update(into: &QualifiedIdentifier, returning: &[String]) -> Snippet {
    let alias = QualifiedIdentifier::unqualified(into.name.as_str());
    let columns = if returning.is_empty() {
        Snippet::sql("NULL")
    } else {
        Snippet::join(", ", returning.iter().map(|c| column(&alias, c)))
    };
    Snippet::sql("SELECT ")
        .then(columns)
        .then_sql(" FROM ")
        .then(Snippet::qi(into))
        .then_sql(" WHERE false")
}

fn conditions(table: &QualifiedIdentifier, trees: &[CoercibleLogicTree]) -> Snippet {
    if trees.is_empty() {
        return Snippet::new();
    }
    let trees = trees.iter().map(|tree| logic_tree(table, tree, &no_embeds));
    Snippet::sql(" WHERE ").then(Snippet::join(" AND ", trees))
}

/// Without columns, something is returned all the same: the rows are counted.
fn returning_clause(table: &QualifiedIdentifier, returning: &[String]) -> Snippet {
    if returning.is_empty() {
        return Snippet::sql(" RETURNING 1");
    }
    Snippet::sql(" RETURNING ").then(Snippet::join(
        ", ",
        returning.iter().map(|c| column(table, c)),
    ))
}

/// Key and value of the row's primary key, as `id=eq.7`, when one row was written (`text[]`).
pub fn location(primary_key: &[String]) -> Snippet {
    let keys = primary_key.iter().map(|c| Snippet::literal(c));
    if primary_key.is_empty() {
        return Snippet::sql("'{}'::text[]");
    }
    Snippet::sql(
        "CASE WHEN pg_catalog.count(*) = 1 THEN coalesce((\
         SELECT array_agg(pk.key || '=' || coalesce('eq.' || pk.value, 'is.null')) \
         FROM json_each_text((SELECT row_to_json(r) FROM pgrst_source r LIMIT 1)) AS pk \
         WHERE pk.key IN (",
    )
    .then(Snippet::join(", ", keys))
    .then_sql(")), '{}') ELSE '{}' END")
}
