//! Entries of the table → SQL text for `migrations/`: look-up functions for the value map, and the
//! updatable views that are the old face.
//!
//! The text is checked in as two migrations; a test fails when they are not what this module writes
//! (`make generate` writes them). Names come from our own constants and are quoted
//! through [`crate::pg::ident`].

use std::fmt::Write as _;

use super::{RelationMap, StageMap, is_lossy, table};
use crate::pg::ident::{quote_ident, quote_literal};

/// Path of the value functions, relative to the crate.
pub const FUNCTIONS_FILE: &str = "migrations/20261103000100_mapping_generated.sql";
/// Path of the views, relative to the crate.
pub const VIEWS_FILE: &str = "migrations/20261103010200_1_1_legacy_views_generated.sql";

const HEADER: &str = "-- Generated from src/mapping/table.rs by src/mapping/sql.rs. Do not edit: change the table.\n";

/// All value functions, in schema `private`.
pub fn functions() -> String {
    let mut out = String::from(HEADER);
    out.push_str(include_str!("normalise.sql"));
    let words: Vec<(String, &str)> = table::STAGES
        .iter()
        .flat_map(|map| {
            map.words
                .iter()
                .map(move |word| (quote_literal(word), map.stage))
        })
        .collect();
    let mut body = String::from("  select case private.stage_word(legacy)\n");
    for (word, stage) in &words {
        let _ = writeln!(body, "    when {word} then {}", quote_literal(stage));
    }
    body.push_str("  end::public.opportunity_stage\n");
    function(
        &mut out,
        "The stage that an old text means; NULL when the table has no word for it.",
        "stage_of_word(legacy text) returns public.opportunity_stage",
        &body,
    );
    by_stage(
        &mut out,
        "The old word for a stage, used when the stored text no longer fits.",
        "stage_to_word",
        "text",
        |map| quote_literal(map.legacy),
    );
    by_stage(
        &mut out,
        "Several stages share the old word of this one.",
        "stage_is_lossy",
        "boolean",
        |map| is_lossy(map).to_string(),
    );
    by_stage(
        &mut out,
        "Default probability of a stage, in percent.",
        "stage_probability",
        "integer",
        |map| map.probability.to_string(),
    );
    by_stage(
        &mut out,
        "Automatic status of a stage.",
        "stage_status",
        "public.opportunity_status",
        |map| quote_literal(map.status),
    );
    by_stage(
        &mut out,
        "The stage ends the opportunity.",
        "stage_is_closed",
        "boolean",
        |map| map.closed.to_string(),
    );
    let list = table::DEFAULT_DEAL_STAGES
        .iter()
        .map(|s| quote_literal(s))
        .collect::<Vec<_>>()
        .join(", ");
    function(
        &mut out,
        "Columns of the old board when nothing is configured.",
        "default_deal_stages() returns text[]",
        &format!("  select array[{list}]\n"),
    );
    function(
        &mut out,
        "The stage of an unknown old text, and of a new row that names none.",
        "default_stage() returns public.opportunity_stage",
        &format!(
            "  select {}::public.opportunity_stage\n",
            quote_literal(table::DEFAULT_STAGE)
        ),
    );
    function(
        &mut out,
        "On insert this probability is the form's untouched default.",
        "untouched_probability() returns integer",
        &format!("  select {}\n", table::UNTOUCHED_PROBABILITY),
    );
    out
}

/// The views of the old face and the further names of the new one.
pub fn views() -> String {
    let mut out = String::from(HEADER);
    out.push_str(
        "-- Plain views over one table with the caller's rights: PostgreSQL updates through them by itself,\n\
         -- column by column, with the table's row security and triggers.\n",
    );
    for relation in table::RELATIONS {
        let columns: Vec<_> = relation.columns.iter().map(|c| (c.new, c.old)).collect();
        for name in relation.old {
            match relation.marker {
                Some(marker) => marked_view(&mut out, relation, name, &columns, marker),
                None => view(&mut out, relation, name, &columns),
            }
        }
        let columns: Vec<_> = relation.columns.iter().map(|c| (c.new, c.new)).collect();
        for name in relation.aliases {
            view(&mut out, relation, name, &columns);
        }
    }
    out
}

fn view(out: &mut String, relation: &RelationMap, name: &str, columns: &[(&str, &str)]) {
    let from = format!("public.{}", quote_ident(relation.new));
    create_view(
        out,
        &format!("public.{}", quote_ident(name)),
        columns,
        &from,
        &format!("Other name of {}: {}.", relation.new, relation.note),
    );
}

/// A view over a view: the inner one has the marker as a further column, with a default of its own, which
/// PostgreSQL fills in when it carries an insert through. It is in `extensions`, the schema through which
/// views are traced to their tables without being served.
fn marked_view(
    out: &mut String,
    relation: &RelationMap,
    name: &str,
    columns: &[(&str, &str)],
    marker: &str,
) {
    let inner = format!("extensions.{}", quote_ident(&format!("{name}_face")));
    let marked: Vec<_> = columns.iter().copied().chain([(marker, marker)]).collect();
    create_view(
        out,
        &inner,
        &marked,
        &format!("public.{}", quote_ident(relation.new)),
        &format!(
            "Beneath {name}: an insert through it marks {marker}, by which the trigger knows the old face."
        ),
    );
    let _ = writeln!(
        out,
        "alter view {inner} alter column {} set default '{name}'::tsvector;",
        quote_ident(marker)
    );
    let shown: Vec<_> = columns.iter().map(|(_, shown)| (*shown, *shown)).collect();
    create_view(
        out,
        &format!("public.{}", quote_ident(name)),
        &shown,
        &inner,
        &format!("Other name of {}: {}.", relation.new, relation.note),
    );
}

fn create_view(out: &mut String, name: &str, columns: &[(&str, &str)], from: &str, comment: &str) {
    let select = columns
        .iter()
        .map(|(stored, shown)| match stored == shown {
            true => format!("o.{}", quote_ident(stored)),
            false => format!("o.{} as {}", quote_ident(stored), quote_ident(shown)),
        })
        .collect::<Vec<_>>()
        .join(", ");
    let _ = write!(
        out,
        "\ncreate view {name} with (security_invoker = on) as\n  select {select}\n    from {from} o;\n\
         comment on view {name} is {};\n",
        quote_literal(comment),
    );
}

fn by_stage(
    out: &mut String,
    comment: &str,
    name: &str,
    returns: &str,
    value: impl Fn(&StageMap) -> String,
) {
    let mut body = String::from("  select case stage\n");
    for map in table::STAGES {
        let _ = writeln!(
            body,
            "    when {} then {}",
            quote_literal(map.stage),
            value(map)
        );
    }
    let cast = if returns.contains('.') {
        format!("::{returns}")
    } else {
        String::new()
    };
    let _ = writeln!(body, "  end{cast}");
    function(
        out,
        comment,
        &format!("{name}(stage public.opportunity_stage) returns {returns}"),
        &body,
    );
}

fn function(out: &mut String, comment: &str, signature: &str, body: &str) {
    let _ = write!(
        out,
        "\n-- {comment}\ncreate or replace function private.{signature}\nlanguage sql immutable parallel safe set search_path = '' as $$\n{body}$$;\n"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn checked_in_files_are_what_the_table_says() {
        for (file, text) in [(FUNCTIONS_FILE, functions()), (VIEWS_FILE, views())] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
            if std::env::var_os("OPPBASE_BLESS").is_some() {
                std::fs::write(&path, &text).expect("the crate's folder is writable");
            }
            let found = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                found == text,
                "{file} is stale: run `make generate` and commit the result"
            );
        }
    }
}
