//! The names that `migrations/` and `rls/` give to objects, read from their text.
//!
//! Needed where a run stopped before it recorded what it made: an object of such a name is the migration's,
//! not somebody else's, because two cannot have one name.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::pg::migrations::{Baseline, migrations, policies};

static NAMES: LazyLock<HashSet<(&'static str, String)>> = LazyLock::new(|| {
    let mut names = HashSet::new();
    let files = migrations(Baseline::default());
    for file in files.iter().filter(|file| !file.is_baseline) {
        collect(file.sql, &mut names);
    }
    for (_, sql) in policies() {
        collect(sql, &mut names);
    }
    names
});

/// Begin of the names of the triggers that note changes while a run is at work.
pub const CAPTURE: &str = "migration_capture_";

/// Whether the migration makes an object of this kind and bare name (unquoted).
pub fn is_known(kind: &str, name: &str) -> bool {
    if kind == "trigger" && name.starts_with(CAPTURE) {
        return true;
    }
    NAMES
        .iter()
        .any(|(known, text)| *known == kind && text == name)
}

/// `create [or replace] [unique …] <kind> [if not exists] <name>`, `add column <name>`, `constraint <name>`,
/// `rename column <name> to <name>`, `rename to <name>`.
fn collect(sql: &str, names: &mut HashSet<(&'static str, String)>) {
    let words = words(sql);
    for (place, word) in words.iter().enumerate() {
        if word.eq_ignore_ascii_case("rename") {
            match &words[place + 1..] {
                [kind, _, to, name, ..] if to.eq_ignore_ascii_case("to") => {
                    names.extend(kind_of(kind).map(|kind| (kind, name.clone())));
                }
                // The kind is far in front; a name of another kind does no harm.
                [to, name, ..] if to.eq_ignore_ascii_case("to") => {
                    names.insert(("index", name.clone()));
                }
                _ => {}
            }
        }
        let starts = word.eq_ignore_ascii_case("create") || word.eq_ignore_ascii_case("add");
        if !starts {
            if word.eq_ignore_ascii_case("constraint")
                && let Some(name) = words.get(place + 1)
            {
                names.insert(("constraint", name.clone()));
            }
            continue;
        }
        let mut rest = words[place + 1..].iter().take(8);
        let Some(kind) = rest.by_ref().find_map(|word| kind_of(word)) else {
            continue;
        };
        let filler = ["if", "not", "exists", "concurrently"];
        let mut rest = rest.skip_while(|word| {
            filler
                .iter()
                .any(|filler| word.eq_ignore_ascii_case(filler))
        });
        let Some(mut name) = rest.next() else {
            continue;
        };
        // schema.name
        if [
            "public",
            "private",
            "extensions",
            "storage",
            "webhooks",
            "migration",
        ]
        .contains(&name.as_str())
            && let Some(next) = rest.next()
        {
            name = next;
        }
        names.insert((kind, name.clone()));
    }
}

fn kind_of(word: &str) -> Option<&'static str> {
    [
        "schema",
        "type",
        "table",
        "column",
        "constraint",
        "index",
        "sequence",
        "view",
        "function",
        "trigger",
        "policy",
    ]
    .into_iter()
    .find(|kind| word.eq_ignore_ascii_case(kind))
}

/// Words and quoted names of a text; everything else parts them.
fn words(sql: &str) -> Vec<String> {
    let mut out = vec![];
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '"' {
            let quoted: String = chars.by_ref().take_while(|c| *c != '"').collect();
            out.push(quoted);
        } else if c.is_alphanumeric() || c == '_' {
            let mut word = c.to_string();
            while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '_' || *c == '$') {
                word.push(c);
            }
            out.push(word);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_every_form_of_the_files() {
        for (kind, name) in [
            ("table", "contact_organizations"),
            ("table", "stage_map"),
            ("view", "deals"),
            ("view", "companies_summary"),
            ("view", "activity_log"),
            ("view", "deals_face"),
            ("function", "stage_word"),
            ("function", "set_opportunity_sales_id_default"),
            ("type", "opportunity_stage"),
            ("column", "stage_manual"),
            ("column", "stage"),
            ("constraint", "opportunities_probability_check"),
            ("index", "contact_organizations_live_pair"),
            ("index", "opportunities_company_id_idx"),
            ("trigger", "opportunities_before_sent_1"),
            ("policy", "Deals Delete Policy"),
        ] {
            assert!(is_known(kind, name), "{kind} {name}");
        }
        assert!(!is_known("table", "deals_of_somebody"));
        assert!(!is_known("column", "name"));
    }
}
